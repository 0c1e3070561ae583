vim9script
# What a server tells and asks by itself.
# SPDX-License-Identifier: Apache-2.0

import autoload 'codestral/edit.vim'
import autoload 'codestral/paths.vim'
import autoload 'codestral/question.vim'
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
  try
    extend(reply, Reply(request.method, get(request, 'params', {})))
  catch
    # Without any answer the server would wait for one.
    reply.error = {code: -32603, message: v:exception}
    Warn(v:exception)
  endtry
  if ch_status(from.channel) == 'open'
    # ch_sendexpr() takes numbers alone as ids, and the server may use strings.
    var body = json_encode(extend(reply, {jsonrpc: '2.0'}))
    ch_sendraw(from.channel, $"Content-Length: {strlen(body)}\r\n\r\n{body}")
  endif
enddef

# The result or the error that a request is answered with.
def Reply(method: string, params: any): dict<any>
  if method == 'workspace/applyEdit'
    var problem = edit.Apply(params.edit)
    return {result: problem == '' ? {applied: true} : {applied: false, failureReason: problem}}
  elseif method == 'window/showDocument'
    return {result: {success: Show(params.uri)}}
  elseif method == 'window/showMessageRequest'
    return {result: Choose(params)}
  elseif method =~ '^window/workDoneProgress/create$\|^client/\%(un\)\?registerCapability$'
    return {result: v:null}
  endif
  return {error: {code: -32601, message: 'there is no method ' .. method}}
enddef

def Show(uri: string): bool
  var path = paths.Path(uri)
  if path == '' || !filereadable(path)
    return false
  endif
  execute 'split' fnameescape(path)
  setlocal readonly nomodifiable
  return true
enddef

def Choose(params: dict<any>): any
  var titles = mapnew(get(params, 'actions', []), (_, action) => action.title)
  var answer = question.Ask(params.message, titles)
  return answer == '' ? v:null : {title: answer}
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
