--- Ghost text of our own, for Neovim without `vim.lsp.inline_completion`: when it comes, what becomes of it while one
--- types, and what is accepted of it.
local asking = require('codestral.asking')
local client_of = require('codestral.client')
local config = require('codestral.config')
local insert = require('codestral.insert')
local menu = require('codestral.menu')
local offers = require('codestral.offer')
local render = require('codestral.render')
local text = require('codestral.text')

local M = {}

local api = vim.api

--- @type codestral.Offer?
local offer
--- Whether the offer is on the screen; a menu can hide it.
local drawn = false
--- The items that the server has been told of as shown.
local told = setmetatable({}, { __mode = 'k' })

local function erase()
  if drawn and offer then
    render.clear(offer.buf)
  end
  drawn = false
end

local function drop()
  erase()
  offer = nil
end

local function tell_shown(item)
  if not told[item] then
    told[item] = true
    client_of.notify(offer.buf, 'textDocument/didShowCompletion', { item = item })
  end
end

--- Draws what is left of the offer at the cursor, or drops it.
local function draw()
  local hides = menu.hides()
  local rest = offer and offers.rest(offer)
  if not offer or not rest then
    return drop()
  end
  if hides then
    return erase()
  end
  local cursor = api.nvim_win_get_cursor(0)
  render.show({
    buf = offer.buf,
    row = cursor[1] - 1,
    column = cursor[2],
    text = rest.text,
    replaced = rest.behind:sub(1, rest.tail),
    rest = rest.behind:sub(rest.tail + 1),
    hint = offer.by_hand and #offer.choices > 1 and ('%d/%d'):format(offer.index, #offer.choices) or '',
  })
  drawn = true
  tell_shown(offer.choices[offer.index].item)
end

local function take(items, encoding)
  local new = offers.here(items, encoding, false)
  local chosen = offer and offer.by_hand and offers.rest(offer)
  if new and chosen then
    -- What the user has gone to stays while it is typed along with.
    new.by_hand, new.index = true, offers.keep(new, offer, chosen)
  end
  erase()
  offer = new
  draw()
end

local function is_on(buf)
  return config.wants(buf) and vim.b[buf].codestral ~= false
end

--- Brings the screen in step with the buffer, and asks for what comes next.
function M.update()
  if vim.fn.mode(1):sub(1, 1) ~= 'i' then
    return
  end
  local buf = api.nvim_get_current_buf()
  menu.watch_cmp(M.update)
  draw()
  local wanted = config.options.automatic and is_on(buf)
  if wanted and vim.fn.reg_executing() == '' and vim.fn.reg_recording() == '' and menu.state() ~= 'selected' then
    asking.while_typing(take)
  else
    asking.cancel_elsewhere()
  end
end

--- Removes the ghost text and takes back what is asked.
function M.clear()
  asking.forget()
  drop()
end

--- @return boolean whether ghost text is on the screen
function M.visible()
  return drawn and offer ~= nil and offers.rest(offer) ~= nil
end

local function of_hand(step, old, rest)
  return function(items, encoding)
    local new = offers.here(items, encoding, true)
    if not new then
      return
    end
    if old and rest then
      new.index = (offers.keep(new, old, rest) - 1 + step) % #new.choices + 1
    end
    erase()
    offer = new
    draw()
  end
end

--- Shows another suggestion, `step` further; asks for several where that was not done. False without a server.
--- @param step integer
--- @return boolean
function M.cycle(step)
  local buf = api.nvim_get_current_buf()
  if not client_of.get(buf) or not is_on(buf) then
    return false
  end
  local rest = offer and offers.rest(offer)
  if not offer or not rest then
    asking.by_hand(of_hand(step))
  elseif offer.by_hand then
    offer.index = (offer.index - 1 + step) % #offer.choices + 1
    draw()
  else
    asking.by_hand(of_hand(step, offer, rest))
  end
  return true
end

--- Removes the ghost text until something is typed. False if there was none.
--- @return boolean
function M.dismiss()
  local there = M.visible()
  if there then
    asking.cancel()
    drop()
  end
  return there
end

local parts = {
  all = function(whole)
    return whole
  end,
  line = text.first_line,
  word = text.first_word,
}

--- How many bytes behind the cursor a part stands for: those whose characters it holds.
local function replaced_by(part, rest)
  if #part == #rest.text then
    return rest.tail
  end
  local bytes = 0
  for _, character in ipairs(text.weave(rest.text, rest.behind:sub(1, rest.tail)) or {}) do
    if character.to <= #part then
      bytes = bytes + character.size
    end
  end
  return bytes
end

local function tell_accepted(buf, choice, rest, part)
  if #part == #rest.text then
    if choice.item.command then
      client_of.execute(buf, choice.item.command)
    end
    return
  end
  client_of.notify(buf, 'textDocument/didPartiallyAcceptCompletion', {
    item = choice.item,
    acceptedLength = text.utf16_length(choice.skipped .. rest.typed .. part),
  })
end

local function later(keys)
  api.nvim_feedkeys(vim.keycode(keys), 'in', false)
end

--- Inserts the suggestion, or its first line or word. False if there is none.
--- @param what 'all'|'line'|'word'
--- @param menu_is_closed? boolean
--- @return boolean
function M.accept(what, menu_is_closed)
  local rest = M.visible() and offers.rest(offer)
  if not rest then
    return false
  end
  local again = ('<Cmd>lua require("codestral.ghost").accept(%q, true)<CR>'):format(what)
  if not menu_is_closed and vim.fn.pumvisible() == 1 then
    later('<C-x><C-z>' .. again)
    return true
  end
  local part = parts[what](rest.text)
  local buf, choice = offer.buf, offer.choices[offer.index]
  if not insert.at_cursor(part, replaced_by(part, rest)) then
    later(again)
    return true
  end
  draw()
  tell_accepted(buf, choice, rest, part)
  return true
end

--- Begins to show ghost text while one types.
function M.start()
  local group = api.nvim_create_augroup('codestral.ghost', {})
  render.define_highlights()
  local function on(events, callback)
    api.nvim_create_autocmd(events, { group = group, callback = callback })
  end
  on('InsertEnter', vim.schedule_wrap(M.update))
  on({ 'TextChangedI', 'TextChangedP', 'CursorMovedI' }, M.update)
  on({ 'InsertLeave', 'BufLeave', 'WinLeave' }, M.clear)
  on({ 'BufUnload', 'LspDetach' }, function(event)
    if offer and offer.buf == event.buf then
      M.clear()
    end
  end)
  api.nvim_create_autocmd('ModeChanged', { group = group, pattern = 'i*:[^i]*', callback = M.clear })
  on('ColorScheme', render.define_highlights)
  menu.watch(group, M.update)
end

--- Begins with a buffer that the server serves: it may be typed in already.
--- @param buf integer
function M.attach(buf)
  if buf == api.nvim_get_current_buf() then
    asking.forget()
    vim.schedule(M.update)
  end
end

--- Shows none any more.
function M.stop()
  M.clear()
  api.nvim_create_augroup('codestral.ghost', {})
end

return M
