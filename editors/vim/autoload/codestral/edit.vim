vim9script
# Edits that a server asks for: all of a workspace edit is done, or nothing of it.
# SPDX-License-Identifier: Apache-2.0

import autoload 'codestral/paths.vim'
import autoload 'codestral/question.vim'
import autoload 'codestral/server.vim'

# Apply a workspace edit; returns why nothing was changed, or nothing.
export def Apply(edit: dict<any>): string
  for annotation in values(get(edit, 'changeAnnotations', {}))
    if get(annotation, 'needsConfirmation', false)
        && question.Ask($'Codestral: {annotation.label}?', ['yes', 'no']) != 'yes'
      return 'you declined'
    endif
  endfor
  var changes = get(edit, 'documentChanges', [])
  for change in changes
    var problem = Problem(change)
    if problem != ''
      return problem
    endif
  endfor
  for change in changes
    Do(change)
  endfor
  return empty(changes) ? 'the edit has no documentChanges' : ''
enddef

def Problem(change: dict<any>): string
  if has_key(change, 'kind')
    var path = paths.Path(get(change, 'uri', ''))
    return change.kind != 'create' ? $'files cannot be changed by {change.kind}'
      : path == '' ? 'it is about no file'
      : filereadable(path) ? 'the file exists already' : ''
  endif
  var bufnr = server.Buffer(change.textDocument.uri)
  var version = get(change.textDocument, 'version', v:null)
  if bufnr == 0
    return version != v:null ? 'the document is not open'
      : paths.Path(change.textDocument.uri) == '' ? 'it is about no file' : ''
  endif
  server.Flush(bufnr)
  return !getbufvar(bufnr, '&modifiable') ? 'the buffer cannot be modified'
    : version != v:null && version != server.Version_of(bufnr) ? 'the text has changed since' : ''
enddef

def Do(change: dict<any>)
  if has_key(change, 'kind')
    var path = paths.Path(change.uri)
    mkdir(fnamemodify(path, ':h'), 'p')
    writefile([], path)
    return
  endif
  var bufnr = server.Buffer(change.textDocument.uri)
  if bufnr == 0
    execute 'split' fnameescape(paths.Path(change.textDocument.uri))
    bufnr = bufnr()
  endif
  # From the end, so that the places stay right; of two at one place the first one comes first.
  var edits = copy(change.edits)->reverse()->sort((one, other) => Order(other.range.start, one.range.start))
  for edit in edits
    Replace(bufnr, edit.range, edit.newText)
  endfor
enddef

def Order(one: dict<number>, other: dict<number>): number
  return one.line != other.line ? one.line - other.line : one.character - other.character
enddef

def Replace(bufnr: number, place: dict<any>, text: string)
  var count = len(getbufline(bufnr, 1, '$'))
  var first = place.start.line + 1
  var last = place.end.line + 1
  var before = strpart(get(getbufline(bufnr, first), 0, ''), 0, place.start.character)
  # The place behind the last end of line is a line of its own to the server.
  var after = last > count ? '' : strpart(getbufline(bufnr, last)[0], place.end.character)
  var lines = split(before .. text .. after, "\n", true)
  if last > count && lines[-1] == '' && len(lines) > 1
    remove(lines, -1)
  endif
  last = min([last, count])
  var old = last - first + 1
  var common = min([old, len(lines)])
  if common > 0
    setbufline(bufnr, first, lines[0 : common - 1])
  endif
  if len(lines) > old
    appendbufline(bufnr, first + common - 1, lines[common :])
  elseif len(lines) < old
    deletebufline(bufnr, first + common, last)
  endif
enddef
