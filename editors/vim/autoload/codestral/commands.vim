vim9script
# The commands that the user gives.
# SPDX-License-Identifier: Apache-2.0

import autoload 'codestral/ghost.vim'
import autoload 'codestral/messages.vim'
import autoload 'codestral/server.vim'

def Page(name: string, result: dict<any>)
  var buffer = bufadd($'codestral://{name}')
  bufload(buffer)
  if !win_gotoid(bufwinid(buffer))
    execute 'sbuffer' buffer
  endif
  setlocal buftype=nofile bufhidden=wipe noswapfile modifiable filetype=markdown
  deletebufline(buffer, 1, '$')
  setline(1, split(get(result, 'markdown', string(result)), "\n", true))
  setlocal nomodifiable
enddef

export def Explain()
  server.Execute('codestral.explain', [], (result) => Page('explain', result))
enddef

export def Stats()
  server.Execute('codestral.stats', [], (result) => Page('stats', result))
enddef

export def Status()
  server.Execute('codestral.status', [], TellStatus)
enddef

def TellStatus(status: dict<any>)
  var backend: any = get(status, 'backend', v:null)
  echomsg printf('codestral-lsp %s: %s, %s%s', status.version, get(status, 'state', 'running'),
    type(backend) == v:t_dict ? backend.name : 'no backend',
    get(status, 'message', '') == '' ? '' : '. ' .. status.message)
enddef

export def Snooze(minutes: string)
  var number = minutes == '' ? 10 : str2nr(minutes)
  server.Execute('codestral.snooze', [number > 0 ? number : v:null], (_) => {
    echo number > 0 ? $'Codestral: no suggestions for {number} minutes' : 'Codestral: suggestions are back'
  })
enddef

export def Toggle()
  server.Execute('codestral.toggle', [])
enddef

# The backends that the server has told of; the names are asked for when they are completed.
var backends: list<string> = []

export def Backends(start: string, _: string, _: number): list<string>
  var done = false
  server.Execute('codestral.status', [], (status) => {
    backends = mapnew(get(status, 'backends', []), (_, backend) => backend.name)
    done = true
  })
  for _ in range(50)
    if done
      break
    endif
    sleep 10m
  endfor
  return copy(backends)->filter((_, name) => stridx(name, start) == 0)
enddef

export def Backend(name: string)
  server.Execute('codestral.backend', [name == '' ? v:null : name], TellStatus)
enddef

export def Cancel()
  var of = server.Of(bufnr())
  for token in keys(get(of, 'progress', {}))
    server.Notify(of, 'window/workDoneProgress/cancel', {token: eval(token)})
  endfor
enddef

# List the code actions for the lines of a range, or for the cursor's place, and do the one that is chosen.
export def Actions(first: number, last: number, given: number)
  var bufnr = bufnr()
  var of = server.Of(bufnr)
  if empty(of)
    messages.Warn('no server runs for this buffer')
    return
  endif
  server.Flush(bufnr)
  var start = {line: line('.') - 1, character: col('.') - 1}
  var end = start
  if given > 0
    start = {line: first - 1, character: 0}
    end = {line: last - 1, character: strlen(getline(last))}
  endif
  server.Request(of, 'textDocument/codeAction', {
    textDocument: {uri: server.Uri_of(bufnr)},
    range: {start: start, end: end},
    context: {diagnostics: [], triggerKind: 1},
  }, (actions, error) => {
    if error != v:null || empty(actions)
      messages.Warn('there is nothing to do here')
    else
      var titles = mapnew(actions, (_, action) => action.title)
      popup_menu(titles, {title: ' Codestral ', callback: (_, choice) => {
        if choice > 0
          Do(actions[choice - 1])
        endif
      }})
    endif
  })
enddef

def Do(action: dict<any>)
  var arguments: list<any> = get(action.command, 'arguments', [])
  if type(get(arguments, 0, 0)) == v:t_dict && get(arguments[0], 'action', '') == 'edit'
    var instruction = input('What is to be done: ')
    if instruction == ''
      return
    endif
    arguments[0].instruction = instruction
  endif
  server.Execute(action.command.command, arguments)
enddef

# For 'statusline': what the server of the current buffer is doing, in a word.
export def StatusLine(): string
  var of = server.Of(bufnr())
  if empty(of)
    return ''
  endif
  var state = empty(of.progress) ? get(of.status, 'state', 'ready') : 'working'
  return 'Codestral' .. (state == 'ready' ? '' : $'({state})')
enddef
