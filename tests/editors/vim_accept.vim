vim9script
# Accept ghost text in many files: vim -N -u NONE -S vim_accept.vim, in a terminal.
# Environment: SERVER (a JSON array: the command), CASES (the file cases.json, beside the files themselves), PLUGIN (its
# folder), REPORT (where it is written what went wrong, when all is done).
# Each file is opened, the suggestion at the case's place is accepted by the key for it, undone, accepted again, and
# the file is saved.
set noswapfile nofixendofline encoding=utf-8 hidden notimeout
filetype plugin indent on
&runtimepath = $PLUGIN .. ',' .. &runtimepath
g:codestral_command = json_decode($SERVER)
g:codestral_automatic = false
runtime plugin/codestral.vim
imap <F5> <Plug>(codestral-complete)

const CASES = json_decode(join(readfile($CASES), "\n"))
const FOLDER = fnamemodify($CASES, ':h')
const PATIENCE = 30.0

var number = 0
var step = 0
var since = reltime()
var wrong: list<string> = []
var before: list<string> = []

def Press(keys: string)
  feedkeys(keys, 'm')
  step += 1
  since = reltime()
enddef

# One look at the case; goes on to the next step as soon as the last one is done.
def Look()
  var case = CASES[number]
  if reltimefloat(reltime(since)) > PATIENCE
    add(wrong, $'{case.name}: step {step} did not end')
    step = 6
    feedkeys("\<Esc>", 'm')
  endif
  if step == 0
    execute 'edit!' fnameescape($'{FOLDER}/{case.name}')
    before = getline(1, '$')
    step = 1
    since = reltime()
  elseif step == 1 || step == 4
    if !empty(codestral#server#Of(bufnr()))
      cursor(case.line + 1, case.column_bytes + 1)
      Press((case.column_bytes == strlen(getline('.')) ? 'A' : 'i') .. "\<F5>")
    endif
  elseif step == 2 || step == 5
    if codestral#ghost#Visible()
      Press("\<Tab>\<Esc>")
    endif
  elseif step == 3
    if mode() == 'n' && getline(1, '$') != before
      normal! u
      if getline(1, '$') != before
        add(wrong, $'{case.name}: not undone')
      endif
      step = 4
      since = reltime()
    endif
  elseif step == 6
    if mode() == 'n'
      silent write
      step = 0
      since = reltime()
      number += 1
    endif
  endif
enddef

def Turn()
  try
    Look()
  catch
    add(wrong, $'{CASES[number].name}: {v:exception} at {v:throwpoint}')
    number += 1
    step = 0
  endtry
  if number == len(CASES)
    writefile(wrong, $REPORT)
    quitall!
  endif
  timer_start(5, (_) => Turn())
enddef

timer_start(5, (_) => Turn())
