vim9script
# What can be told without a screen: vim -es -N -u NONE -S vim_units.vim
# Environment: PLUGIN (its folder), FOLDER (an empty one), REPORT (where it is written what went wrong).
set encoding=utf-8 hidden noswapfile
&runtimepath = $PLUGIN .. ',' .. &runtimepath
filetype plugin on
import autoload 'codestral/commands.vim'
import autoload 'codestral/paths.vim'
import autoload 'codestral/server.vim'

const FOLDER = resolve($FOLDER)

# Projects: by a folder, by a file, by a file in place of git's folder, by none.
mkdir($'{FOLDER}/git/.git', 'p')
for [name, marker] in [['package', 'package.json'], ['worktree', '.git'], ['a project, "größe"', 'go.mod']]
  mkdir($'{FOLDER}/{name}/src', 'p')
  writefile([], $'{FOLDER}/{name}/{marker}')
endfor
mkdir($'{FOLDER}/git/src')
mkdir($'{FOLDER}/none')
for name in ['git', 'package', 'worktree', 'a project, "größe"']
  for file in ['a.py', 'src/b.py']
    execute 'edit' fnameescape($'{FOLDER}/{name}/{file}')
    assert_equal($'{FOLDER}/{name}', paths.Root(bufnr()))
  endfor
endfor
execute 'edit' fnameescape($'{FOLDER}/none/a.py')
assert_equal('', paths.Root(bufnr()))

# Paths and URIs.
for path in ['/srv/größe 名前.py', '/srv/100%.py', '/srv/#?[x].py']
  assert_match('^file:///[A-Za-z0-9/_.~%-]*$', paths.Uri(path))
  assert_equal(path, paths.Path(paths.Uri(path)))
endfor
assert_equal('', paths.Path('https://example.org/x.py'))

# A server that never answers is ended; another one takes its place meanwhile.
g:codestral_command = ['sh', '-c', 'exec sleep 1000']
runtime plugin/codestral.vim
def Sleepers(): list<job>
  return job_info()->filter((_, job) => job_info(job).cmd == g:codestral_command && job_status(job) == 'run')
enddef
execute 'edit' fnameescape($'{FOLDER}/git/a.py')
server.Attach()
var first = Sleepers()
assert_equal(1, len(first))
server.Restart()
assert_equal(2, len(Sleepers()))
for _ in range(100)
  if len(Sleepers()) == 1
    break
  endif
  sleep 100m
endfor
assert_equal(1, len(Sleepers()))
assert_equal('dead', job_status(first[0]))
server.StopAll()

writefile(v:errors, $REPORT)
qall!
