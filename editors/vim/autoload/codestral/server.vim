vim9script
# The codestral-lsp processes, one for each project, and the buffers that they know.
# SPDX-License-Identifier: Apache-2.0

import autoload 'codestral/messages.vim'
import autoload 'codestral/paths.vim'

const MOST_FAILURES = 3 # within a minute
const LAST_WORDS_MS = 5000 # from the request to end to the end of one that does not

# By root: {root, job, channel, ready, stopping, status, progress}. progress: token to title.
var servers: dict<dict<any>> = {}
# By root: when the server failed, in seconds.
var failures: dict<list<number>> = {}
# By buffer number: {root, uri, version, filetype, lines, tick}; lines are those that the server has.
var documents: dict<dict<any>> = {}
var told: list<string> = []

# Fire an event that users may have autocommands for.
export def Announce(event: string)
  if exists('#User#' .. event)
    execute 'doautocmd <nomodeline> User' event
  endif
enddef

def TellOnce(problem: string)
  if index(told, problem) < 0
    add(told, problem)
    timer_start(0, (_) => messages.Warn(problem))
  endif
enddef

def Wanted(bufnr: number): bool
  var filetype = getbufvar(bufnr, '&filetype')
  var none = get(g:, 'codestral_disabled_filetypes', ['help', 'text', 'mail', 'netrw', 'qf', 'man'])
  return getbufvar(bufnr, '&buftype') == '' && filetype != '' && index(none, filetype) < 0
    && bufname(bufnr) != '' && bufname(bufnr) !~ '^\a\+://' && getbufvar(bufnr, 'codestral_enabled', true)
enddef

# The server that knows the buffer, or an empty dictionary.
export def Of(bufnr: number): dict<any>
  var document = get(documents, string(bufnr), {})
  return empty(document) ? {} : get(servers, document.root, {})
enddef

# Have the current buffer served, by a new server if there is none for its project; anew if its file type is another.
export def Attach()
  var bufnr = bufnr()
  var known = get(documents, string(bufnr), {})
  if !empty(known) && (!Wanted(bufnr) || known.filetype != &filetype)
    Detach(bufnr)
    known = {}
  endif
  if !empty(known) || !Wanted(bufnr)
    return
  endif
  if &encoding != 'utf-8'
    TellOnce("'encoding' has to be utf-8")
    return
  endif
  var root = paths.Root(bufnr)
  var server = get(servers, root, {})
  if empty(server)
    server = Start(root)
  endif
  if !empty(server) && server.ready
    Open(server, bufnr)
  endif
enddef

def Start(root: string): dict<any>
  var command = get(g:, 'codestral_command', ['codestral-lsp'])
  var recent = get(failures, root, [])->filter((_, time) => localtime() - time < 60)
  if !executable(command[0])
    TellOnce($'{command[0]} is not found; install it or set g:codestral_command, then :CodestralRestart')
    return {}
  elseif len(recent) >= MOST_FAILURES
    TellOnce('the server fails again and again; codestral-lsp doctor may say why')
    return {}
  endif
  var server: dict<any> = {root: root, ready: false, stopping: false, status: {}, progress: {}}
  server.job = job_start(command, {
    in_mode: 'lsp', out_mode: 'lsp', err_mode: 'nl', noblock: 1,
    out_cb: (_, message) => messages.Received(server, message),
    err_io: 'null',
    exit_cb: (_, status) => Ended(server, status),
  })
  if job_status(server.job) != 'run'
    TellOnce($'{command[0]} cannot be started')
    return {}
  endif
  server.channel = job_getchannel(server.job)
  servers[root] = server
  Request(server, 'initialize', InitializeParams(root), (result, _) => Initialized(server, result))
  return server
enddef

def InitializeParams(root: string): dict<any>
  var uri: any = root == '' ? v:null : paths.Uri(root)
  return {
    processId: getpid(),
    clientInfo: {name: 'Vim (codestral.vim)', version: $'{v:versionlong}'},
    rootUri: uri,
    workspaceFolders: root == '' ? v:null : [{uri: uri, name: fnamemodify(root, ':t')}],
    initializationOptions: {codestral: get(g:, 'codestral_settings', {})},
    capabilities: {
      general: {positionEncodings: ['utf-8']},
      textDocument: {
        inlineCompletion: {dynamicRegistration: false},
        synchronization: {didSave: true},
        codeAction: {codeActionLiteralSupport: {codeActionKind: {valueSet: ['', 'quickfix', 'refactor', 'source']}}},
      },
      workspace: {
        applyEdit: true, workspaceFolders: true,
        workspaceEdit: {
          documentChanges: true, resourceOperations: ['create'], failureHandling: 'abort',
          changeAnnotationSupport: {groupsOnLabel: false}},
      },
      window: {workDoneProgress: true, showDocument: {support: true}},
      experimental: {codestral: {status: true, replacesAfterCursor: true, asksAgain: true, instructions: true}},
    },
  }
enddef

def Initialized(server: dict<any>, result: any)
  if type(result) != v:t_dict || get(get(result, 'capabilities', {}), 'positionEncoding', '') != 'utf-8'
    TellOnce('the server is too old, it does not count in bytes')
    return
  endif
  Notify(server, 'initialized', {})
  server.ready = true
  for info in getbufinfo({bufloaded: 1})
    if !has_key(documents, string(info.bufnr)) && Wanted(info.bufnr) && paths.Root(info.bufnr) == server.root
      Open(server, info.bufnr)
    endif
  endfor
  Announce('CodestralReady')
enddef

def Open(server: dict<any>, bufnr: number)
  var path = resolve(fnamemodify(bufname(bufnr), ':p'))
  var document = {
    root: server.root, uri: paths.Uri(path), version: 1, filetype: getbufvar(bufnr, '&filetype'),
    lines: Lines(bufnr), tick: 0}
  documents[bufnr] = document
  document.tick = getbufvar(bufnr, 'changedtick')
  Notify(server, 'textDocument/didOpen', {textDocument: {
    uri: document.uri, languageId: Language(getbufvar(bufnr, '&filetype')), version: 1,
    text: Text(document.lines)}})
enddef

def Language(filetype: string): string
  var names = {sh: 'shellscript', bash: 'shellscript', cs: 'csharp', make: 'makefile', lisp: 'commonlisp'}
  return get(names, filetype, filetype)
enddef

# The lines as the server gets them: with as many bytes, and no end of line within.
def Lines(bufnr: number): list<string>
  var lines = getbufline(bufnr, 1, '$')
  var all = join(lines, '')
  if stridx(all, "\r") >= 0 || stridx(all, "\n") >= 0
    map(lines, (_, line) => substitute(line, "[\r\n]", ' ', 'g'))
  endif
  if getbufvar(bufnr, '&endofline') || getbufvar(bufnr, '&fixendofline')
    add(lines, '')
  endif
  return lines
enddef

def Text(lines: list<string>): string
  return join(lines, "\n")
enddef

# Send what has changed in the buffer since the server was told last.
export def Flush(bufnr: number)
  var document = get(documents, string(bufnr), {})
  var tick = getbufvar(bufnr, 'changedtick')
  if empty(document) || document.tick == tick
    return
  endif
  document.tick = tick
  var server = servers[document.root]
  var old: list<string> = document.lines
  var new = Lines(bufnr)
  if old == new
    return
  endif
  document.version += 1
  document.lines = new
  Notify(server, 'textDocument/didChange', {
    textDocument: {uri: document.uri, version: document.version},
    contentChanges: [Difference(old, new)]})
enddef

# The one change that makes a list of lines into another, as small as can be.
export def Difference(old: list<string>, new: list<string>): dict<any>
  var shorter = min([len(old), len(new)])
  var first = 0
  while first < shorter && old[first] == new[first]
    first += 1
  endwhile
  var same = 0
  while same < shorter - first && old[-1 - same] == new[-1 - same]
    same += 1
  endwhile
  # With a line in common, lines that come or go whole are text like any other.
  first = max([first - 1, 0])
  same = max([same - 1, 0])
  var before = join(old[first : len(old) - same - 1], "\n")
  var after = join(new[first : len(new) - same - 1], "\n")
  var start = CommonStart(before, after)
  var tail = CommonEnd(strpart(before, start), strpart(after, start))
  return {
    range: {
      start: Position(first, strpart(before, 0, start)),
      end: Position(first, strpart(before, 0, strlen(before) - tail))},
    text: strpart(after, start, strlen(after) - start - tail)}
enddef

# The place behind a text that begins with a line.
def Position(line: number, text: string): dict<number>
  return {line: line + count(text, "\n"), character: strlen(text) - strridx(text, "\n") - 1}
enddef

# So many bytes at their beginning are the same in both texts, and are whole characters.
def CommonStart(one: string, other: string): number
  var low = 0
  var high = min([strlen(one), strlen(other)])
  while low < high
    var middle = (low + high + 1) / 2
    if strpart(one, 0, middle) ==# strpart(other, 0, middle)
      low = middle
    else
      high = middle - 1
    endif
  endwhile
  while low > 0 && (IsWithin(one, low) || IsWithin(other, low))
    low -= 1
  endwhile
  return low
enddef

def CommonEnd(one: string, other: string): number
  var low = 0
  var high = min([strlen(one), strlen(other)])
  while low < high
    var middle = (low + high + 1) / 2
    if strpart(one, strlen(one) - middle) ==# strpart(other, strlen(other) - middle)
      low = middle
    else
      high = middle - 1
    endif
  endwhile
  while low > 0 && (IsWithin(one, strlen(one) - low) || IsWithin(other, strlen(other) - low))
    low -= 1
  endwhile
  return low
enddef

# Whether a byte is not the first one of its character.
def IsWithin(text: string, index: number): bool
  return index < strlen(text) && byteidx(text, charidx(text, index)) != index
enddef

export def Uri_of(bufnr: number): string
  return documents[bufnr].uri
enddef

export def Version_of(bufnr: number): number
  return documents[bufnr].version
enddef

# The buffer that a server knows as the URI, or 0.
export def Buffer(uri: string): number
  for [bufnr, document] in items(documents)
    if document.uri == uri
      return str2nr(bufnr)
    endif
  endfor
  return 0
enddef

export def Saved()
  var server = Of(bufnr())
  if !empty(server)
    Flush(bufnr())
    Notify(server, 'textDocument/didSave', {textDocument: {uri: Uri_of(bufnr())}})
  endif
enddef

export def Detach(bufnr: number)
  var server = Of(bufnr)
  if !empty(server)
    Notify(server, 'textDocument/didClose', {textDocument: {uri: Uri_of(bufnr)}})
  endif
  if has_key(documents, string(bufnr))
    remove(documents, string(bufnr))
  endif
enddef

# Send a request and return its number. OnResult is called with the result and the error, one of them null.
export def Request(server: dict<any>, method: string, params: any, OnResult: func(any, any)): number
  if ch_status(server.channel) != 'open'
    return -1
  endif
  var sent = ch_sendexpr(server.channel, {method: method, params: params}, {
    callback: (_, reply) => OnResult(get(reply, 'result', v:null), get(reply, 'error', v:null))})
  return get(sent, 'id', -1)
enddef

export def Notify(server: dict<any>, method: string, params: any)
  if ch_status(server.channel) == 'open'
    ch_sendexpr(server.channel, {method: method, params: params})
  endif
enddef

# The server of the current buffer or, where a page of ours is shown, any.
export def OfCommand(): dict<any>
  var server = Of(bufnr())
  return empty(server) && bufname() =~ '^codestral://' ? get(values(servers), 0, {}) : server
enddef

export def Execute(command: string, arguments: list<any>, OnResult: func = null_function)
  var server = OfCommand()
  if empty(server)
    messages.Warn('no server runs for this buffer')
    return
  endif
  Request(server, 'workspace/executeCommand', {command: command, arguments: arguments}, (result, error) => {
    if error == v:null
      if OnResult != null_function
        call(OnResult, [result])
      endif
    else
      messages.Warn(error.message)
    endif
  })
enddef

def Forget(server: dict<any>)
  if get(servers, server.root, {}) is server
    remove(servers, server.root)
    filter(documents, (_, document) => document.root != server.root)
  endif
  Announce('CodestralStatus')
enddef

def Ended(server: dict<any>, status: number)
  Forget(server)
  if !server.stopping
    failures[server.root] = add(get(failures, server.root, []), localtime())
    messages.Warn($'the server has ended with status {status}')
    timer_start(1000, (_) => Attach())
  endif
enddef

export def StopAll()
  for server in values(servers)
    Stop(server)
  endfor
enddef

def Stop(server: dict<any>)
  server.stopping = true
  Request(server, 'shutdown', {}, (_, _) => Notify(server, 'exit', {}))
  timer_start(LAST_WORDS_MS, (_) => job_stop(server.job))
  Forget(server)
enddef

export def Restart()
  StopAll()
  failures = {}
  told = []
  Attach()
enddef
