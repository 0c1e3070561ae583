vim9script
# Change a buffer at random and compare what a server would have: vim -es -N -u NONE -S vim_difference.vim
# Environment: PLUGIN (its folder), REPORT (where it is written what went wrong).
# What is sent for each change is applied to a copy of the text, as a server does it.
set encoding=utf-8
&runtimepath = $PLUGIN .. ',' .. &runtimepath
import autoload 'codestral/server.vim'

var wrong: list<string> = []
var parts = 0

def Offset(text: string, position: dict<number>): number
  var at = 0
  for _ in range(position.line)
    at = stridx(text, "\n", at) + 1
  endfor
  return at + position.character
enddef

def Applied(text: string, change: dict<any>): string
  return strpart(text, 0, Offset(text, change.range.start)) .. change.text
    .. strpart(text, Offset(text, change.range.end))
enddef

const LINES = ['', 'größe', '😀 x', 'x', 'foo(größe)', "e\u0301", 'é', "\tfoo(名前)", '名', 'foo()']

srand(8)
var seed = srand(8)
def Change(lines: list<string>): list<string>
  var changed = copy(lines)
  for _ in range(rand(seed) % 3 + 1)
    var at = rand(seed) % (len(changed) + 1)
    if rand(seed) % 2 == 0 || len(changed) < 2
      insert(changed, LINES[rand(seed) % len(LINES)], at)
    else
      remove(changed, min([at, len(changed) - 1]))
    endif
    at = rand(seed) % len(changed)
    changed[at] = substitute(changed[at], 'x\|ö\|名\|é', LINES[rand(seed) % len(LINES)], '')
  endfor
  return changed[: 30]
enddef

var old = ['']
for number in range(3000)
  var new = Change(old)
  if new != old
    var change = server.Difference(old, new)
    if Applied(join(old, "\n"), change) !=# join(new, "\n")
      add(wrong, $'{number}: {old} {new} {change}')
    endif
    # A change must not begin or end within a character.
    if strtrans(change.text) =~ '<\x\x>'
      add(wrong, $'{number}: a part of a character: {change}')
    endif
    parts += 1
  endif
  old = new
endfor
if parts < 1000
  add(wrong, $'there were only {parts} changes')
endif
writefile(wrong, $REPORT)
qall!
