vim9script
# What a server tells and asks by itself.
# SPDX-License-Identifier: Apache-2.0

import autoload 'codestral/edit.vim'
import autoload 'codestral/server.vim'

export def Warn(text: string)
  echohl WarningMsg
  echomsg 'Codestral: ' .. text
  echohl None
enddef

export def Received(from: dict<any>, message: dict<any>)
  if has_key(message, 'id') && has_key(message, 'method')
    # What asks or shows waits until Vim is at rest.
    timer_start(0, (_) => Answer(from, message))
  elseif has_key(message, 'method')
    Told(from, message.method, get(message, 'params', {}))
  endif
enddef

def Answer(from: dict<any>, request: dict<any>)
  var reply: dict<any> = {id: request.id}
  var params = get(request, 'params', {})
  if request.method == 'workspace/applyEdit'
    var problem = edit.Apply(params.edit)
    reply.result = problem == '' ? {applied: true} : {applied: false, failureReason: problem}
  elseif request.method == 'window/showDocument'
    reply.result = {success: Show(params.uri)}
  elseif request.method == 'window/showMessageRequest'
    reply.result = Choose(params)
  elseif request.method =~ '^window/workDoneProgress/create$\|^client/\%(un\)\?registerCapability$'
    reply.result = v:null
  else
    reply.error = {code: -32601, message: 'there is no method ' .. request.method}
  endif
  if ch_status(from.channel) == 'open'
    # ch_sendexpr() takes numbers alone as ids, and the server may use strings.
    var body = json_encode(extend(reply, {jsonrpc: '2.0'}))
    ch_sendraw(from.channel, $"Content-Length: {strlen(body)}\r\n\r\n{body}")
  endif
enddef

def Show(uri: string): bool
  var path = server.Path(uri)
  if path == '' || !filereadable(path)
    return false
  endif
  execute 'split' fnameescape(path)
  setlocal readonly nomodifiable
  return true
enddef

def Choose(params: dict<any>): any
  var titles = mapnew(get(params, 'actions', []), (_, action) => action.title)
  var choice = confirm(params.message, join(titles, "\n"), 0)
  return choice == 0 ? v:null : {title: titles[choice - 1]}
enddef

def Told(from: dict<any>, method: string, params: any)
  if method == 'codestral/status'
    from.status = params
    server.Announce('CodestralStatus')
    redrawstatus!
  elseif method == 'window/showMessage'
    if params.type <= 2
      Warn(substitute(params.message, '^Codestral: ', '', ''))
    else
      echomsg params.message
    endif
  elseif method == '$/progress'
    Progress(from, string(params.token), params.value)
  endif
enddef

def Progress(from: dict<any>, token: string, value: dict<any>)
  var title = get(from.progress, token, get(value, 'title', ''))
  if value.kind == 'end'
    if has_key(from.progress, token)
      remove(from.progress, token)
    endif
  else
    from.progress[token] = title
  endif
  # What goes on in the background does not belong in the way of who types.
  if token =~ '^.codestral-action'
    echo title .. (get(value, 'message', '') == '' ? '' : ': ' .. value.message)
  endif
  redrawstatus!
enddef
