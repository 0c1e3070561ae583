vim9script
# Ghost text: asking for it, showing it behind the cursor, and taking it. Nothing here waits for the server.
# SPDX-License-Identifier: Apache-2.0

import autoload 'codestral/messages.vim'
import autoload 'codestral/server.vim'
import autoload 'codestral/text.vim' as texts

const TYPE = 'codestral-ghost'
const WORD = '^\_s*\%(\k\+\|[^[:keyword:][:space:]]\+\|$\)'
const LINE = '^\n*[^\n]\+'

# What is shown: {bufnr, lnum, col, after, items, index, complete, told}. The place is where the items begin, col in
# bytes from 0; after is what stood behind it in its line; complete: there are no other items.
var current: dict<any> = {}
var visible = false
# The key that is about to take it.
var pressed = ''
# Where and how it is on the screen: {bufnr, tick, lnum, col, lines}.
var shown: dict<any> = {}
# What is being asked: {server, id, bufnr, lnum, col, tick}, and the timer that will ask.
var pending: dict<any> = {}
var timer = 0
var seen_tick = -1
# Nothing was asked at this place because it was not the moment.
var put_off = false

export def Visible(key = ''): bool
  pressed = visible ? key : ''
  return visible
enddef

# Asking

export def Entered()
  seen_tick = b:changedtick
enddef

# The text has changed: tell the server, bring what is shown in line, and ask for more.
export def TextChanged()
  var bufnr = bufnr()
  if empty(server.Of(bufnr)) && mode() !~ '^[iR]'
    return
  endif
  if seen_tick != b:changedtick
    seen_tick = b:changedtick
    put_off = false
    Cancel()
    server.Flush(bufnr)
    if mode() == 'i' && get(g:, 'codestral_automatic', true)
      Schedule()
    endif
  endif
  Refresh()
enddef

# The cursor was moved, or the menu was opened or closed.
export def Moved()
  if !empty(pending) && (pending.lnum != line('.') || pending.col != col('.') - 1)
    Cancel()
  endif
  Refresh()
  if put_off && !Inhibited()
    put_off = false
    Schedule()
  endif
enddef

def Schedule()
  if timer != 0
    timer_stop(timer)
  endif
  timer = timer_start(get(g:, 'codestral_delay', 30), (_) => {
    timer = 0
    if mode() == 'i'
      if Inhibited() || empty(server.Of(bufnr()))
        put_off = true
      else
        Ask(false, (items) => Show(items, false))
      endif
    endif
  })
enddef

def Inhibited(): bool
  return pumvisible() || reg_executing() != '' || !&modifiable
enddef

def Cancel()
  if timer != 0
    timer_stop(timer)
    timer = 0
  endif
  if !empty(pending)
    server.Notify(pending.server, '$/cancelRequest', {id: pending.id})
    pending = {}
  endif
enddef

def Ask(invoked: bool, OnItems: func(list<dict<any>>))
  var bufnr = bufnr()
  var of = server.Of(bufnr)
  if empty(of)
    return
  endif
  Cancel()
  server.Flush(bufnr)
  seen_tick = b:changedtick
  var mine: dict<any> = {server: of, bufnr: bufnr, lnum: line('.'), col: col('.') - 1, tick: b:changedtick}
  pending = mine
  mine.id = server.Request(of, 'textDocument/inlineCompletion', {
    textDocument: {uri: server.Uri_of(bufnr)},
    position: {line: mine.lnum - 1, character: mine.col},
    context: {triggerKind: invoked ? 1 : 2},
  }, (result, error) => Answered(mine, result, error, OnItems))
enddef

def Answered(mine: dict<any>, result: any, error: any, OnItems: func(list<dict<any>>))
  if pending isnot mine
    return
  endif
  pending = {}
  if error != v:null || mode() != 'i'
    return
  endif
  var same = bufnr() == mine.bufnr && line('.') == mine.lnum && col('.') - 1 == mine.col && b:changedtick == mine.tick
  if !same || type(result) != v:t_dict
    # Something has changed the text without a key, or the server has put it off.
    Schedule()
    return
  endif
  OnItems(filter(copy(result.items), (_, item) => Fits(item, mine)))
enddef

def Fits(item: dict<any>, place: dict<any>): bool
  return item.insertText != ''
    && item.range.start == {line: place.lnum - 1, character: place.col}
    && item.range.end.line == place.lnum - 1
    && item.range.end.character >= place.col && item.range.end.character <= strlen(getline(place.lnum))
enddef

# Showing

def Show(items: list<dict<any>>, complete: bool)
  # No answer leaves what is shown, as long as it fits.
  if !empty(items)
    current = {
      bufnr: bufnr(), lnum: line('.'), col: col('.') - 1, after: strpart(getline('.'), col('.') - 1),
      items: items, index: 0, complete: complete, told: []}
    Refresh()
  endif
enddef

export def Dismiss()
  Cancel()
  current = {}
  put_off = false
  Hide()
enddef

def Hide()
  if visible
    visible = false
    if bufloaded(shown.bufnr)
      prop_remove({type: TYPE, bufnr: shown.bufnr, all: true})
      Redraw()
    endif
  endif
enddef

# Show what is left of the suggestion at the cursor, or nothing if what was typed does not follow it.
def Refresh()
  if empty(current)
    return
  endif
  var rest = Rest(current.index)
  if empty(rest)
    current = {}
    Hide()
  elseif Inhibited()
    Hide()
  else
    Display(rest.text, rest.replaces)
  endif
enddef

# What is left to take of an item: {text, replaces}, or {} if it does not fit.
def Rest(index: number): dict<any>
  if empty(current) || bufnr() != current.bufnr || mode() !~ '^[iR]'
    return {}
  endif
  var item = current.items[index]
  var lnum = line('.')
  var column = col('.') - 1
  if lnum < current.lnum || lnum == current.lnum && column < current.col
    return {}
  endif
  var lines = getline(current.lnum, lnum)
  lines[-1] = strpart(lines[-1], 0, column)
  lines[0] = strpart(lines[0], current.col)
  var typed = join(lines, "\n")
  var behind = strpart(getline('.'), column)
  var added = strlen(behind) - strlen(current.after)
  # Typing a bracket may have put its closer behind the cursor, which the suggestion has itself.
  if strlen(typed) >= strlen(item.insertText) || strpart(item.insertText, 0, strlen(typed)) !=# typed
      || added < 0 || strpart(behind, added) !=# current.after
      || strpart(behind, 0, added) !~ '^[])}>"''`]*$'
    return {}
  endif
  var replaces = item.range.end.character - item.range.start.character
  return {text: strpart(item.insertText, strlen(typed)), replaces: replaces + added, typed: typed}
enddef

def Display(text: string, replaces: number)
  if empty(prop_type_get(TYPE))
    prop_type_add(TYPE, {highlight: 'CodestralGhost', priority: 1000})
  endif
  var lines = split(text, "\n", true)
  # Vim cannot hide text: what is replaced stays, and is not shown twice where the suggestion ends with it.
  var covered = strpart(getline('.'), col('.') - 1, replaces)
  if len(lines) == 1 && replaces > 0 && strpart(lines[0], strlen(lines[0]) - replaces) ==# covered
    lines[0] = strpart(lines[0], 0, strlen(lines[0]) - replaces)
  endif
  var wanted = {bufnr: bufnr(), tick: b:changedtick, lnum: line('.'), col: col('.'), lines: lines}
  if visible && shown == wanted
    return
  endif
  Hide()
  if lines[0] != ''
    prop_add(line('.'), col('.'), {type: TYPE, text: texts.Untabbed(lines[0], virtcol('.') - 1)})
  endif
  for line in lines[1 :]
    # Without any text the line would not be shown.
    prop_add(line('.'), 0, {type: TYPE, text: line == '' ? ' ' : texts.Untabbed(line, 0), text_align: 'below'})
  endfor
  shown = wanted
  Redraw()
  visible = true
  Tell()
enddef

# Vim shifts the lines behind text that appears below a line wrongly (seen in 9.0.1378), unless it draws all of them.
def Redraw()
  if len(shown.lines) > 1
    noautocmd &l:wrap = &l:wrap
  endif
enddef

# Telling

def Tell()
  var item = current.items[current.index]
  if index(current.told, current.index) < 0
    add(current.told, current.index)
    var of = server.Of(current.bufnr)
    if !empty(of)
      server.Notify(of, 'textDocument/didShowCompletion', {item: item})
    endif
  endif
enddef

# Taking

export def Accept()
  Take('')
enddef

export def AcceptWord()
  Take(WORD)
enddef

export def AcceptLine()
  Take(LINE)
enddef

# Insert the ghost text, or of it what a pattern matches, as it is.
def Take(pattern: string)
  var rest = visible ? Rest(current.index) : {}
  if empty(rest)
    # Typed ahead: Vim maps a key before it inserts the text in front of it.
    feedkeys(pressed, 'ni')
    pressed = ''
    return
  endif
  var item = current.items[current.index]
  var part = pattern == '' ? rest.text : matchstr(rest.text, pattern)
  var whole = part == '' || part ==# rest.text
  if whole
    part = rest.text
    current = {}
  endif
  Hide()
  Insert(part, whole ? rest.replaces : 0)
  server.Flush(bufnr())
  var of = server.Of(bufnr())
  if !empty(of)
    if !whole
      server.Notify(of, 'textDocument/didPartiallyAcceptCompletion', {
        item: item, acceptedLength: texts.Units(rest.typed .. part)})
    elseif has_key(item, 'command')
      server.Execute(item.command.command, item.command.arguments)
    endif
  endif
  if !whole
    Refresh()
  endif
enddef

def Insert(text: string, replaces: number)
  var lnum = line('.')
  var column = col('.') - 1
  var line = getline('.')
  var lines = split(text, "\n", true)
  var end = strlen(lines[-1]) + (len(lines) == 1 ? column : 0)
  lines[0] = strpart(line, 0, column) .. lines[0]
  lines[-1] ..= strpart(line, column + replaces)
  setline(lnum, lines[0])
  if len(lines) > 1
    append(lnum, lines[1 :])
  endif
  cursor(lnum + len(lines) - 1, end + 1)
enddef

export def Complete()
  if empty(server.Of(bufnr()))
    messages.Warn('no server runs for this buffer')
  else
    Ask(true, (items) => {
      if empty(items)
        messages.Warn('no suggestion here')
      endif
      Show(items, false)
    })
  endif
enddef

# Show the suggestion that is some steps further in the list; ask for all of them first if that was not done.
export def Cycle(step: number)
  if empty(current)
    Complete()
  elseif current.complete
    Move(step)
  else
    AskForOthers(step, true)
  endif
enddef

# The first time the server may answer with what it has while it begins to make others: then ask once more.
def AskForOthers(step: number, again: bool)
  var rest = Rest(current.index)
  var text = empty(rest) ? '' : rest.text
  Ask(true, (items) => {
    var index = indexof(items, (_, item) => item.insertText ==# text)
    if again && len(items) <= (index < 0 ? 0 : 1)
      AskForOthers(step, false)
    elseif !empty(items)
      Show(items, true)
      if index >= 0
        current.index = index
        Move(step)
      endif
    endif
  })
enddef

def Move(step: number)
  var count = len(current.items)
  var index = current.index
  for _ in range(count)
    index = (index + step + count) % count
    if !empty(Rest(index))
      break
    endif
  endfor
  if index == current.index
    messages.Warn('there is no other suggestion')
  endif
  current.index = index
  Refresh()
enddef

augroup codestral-ghost
  autocmd!
  autocmd User CodestralReady Moved()
augroup END
