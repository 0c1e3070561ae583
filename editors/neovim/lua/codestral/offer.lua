--- What the server has offered at a place, and what is left of it after the typing since then.
local text = require('codestral.text')

local M = {}

local api = vim.api
--- What editors put behind the cursor by themselves.
local CLOSERS = '^[%)%]}>"\'`;]+$'

--- @class codestral.Choice
--- @field item table the server's item
--- @field skipped string the beginning of its text that stood in the buffer already
--- @field text string what comes behind the anchor
--- @field tail integer how many bytes behind the cursor it replaces

--- @class codestral.Offer
--- @field buf integer
--- @field row integer the anchor, from 0: where the cursor was
--- @field column integer in bytes
--- @field before string the line in front of the anchor
--- @field behind string the line behind it
--- @field lines integer the buffer's length
--- @field choices codestral.Choice[]
--- @field index integer
--- @field by_hand boolean the server was asked for several

--- @class codestral.Rest
--- @field typed string what was typed of the choice since the offer
--- @field text string what is left
--- @field tail integer how many bytes behind the cursor are replaced
--- @field behind string the line behind the cursor

local function line_of(buf, row)
  return api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or ''
end

--- The choice that an item is at the cursor, or nil if it is for another place.
local function choice_of(item, encoding, row, column, line)
  local range, inserted = item.range, item.insertText
  if type(inserted) ~= 'string' then
    return nil
  end
  inserted = inserted:gsub('\r\n', '\n')
  local from, to = column, column
  if type(range) == 'table' then
    if range.start.line ~= row or range['end'].line ~= row then
      return nil
    end
    from = text.byte_column(line, range.start.character, encoding)
    to = text.byte_column(line, range['end'].character, encoding)
  end
  local skipped = line:sub(from + 1, column)
  if from > column or to < column or not vim.startswith(inserted, skipped) then
    return nil
  end
  local rest = inserted:sub(#skipped + 1)
  return rest ~= '' and { item = item, skipped = skipped, text = rest, tail = to - column } or nil
end

--- An offer of the items that fit at the cursor of the current window; nil if none does.
--- @param items table[]
--- @param encoding string
--- @param by_hand boolean
--- @return codestral.Offer?
function M.here(items, encoding, by_hand)
  local buf = api.nvim_get_current_buf()
  local cursor = api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  local line = line_of(buf, row)
  local choices = {}
  for _, item in ipairs(items) do
    choices[#choices + 1] = choice_of(item, encoding, row, column, line)
  end
  if #choices == 0 then
    return nil
  end
  return {
    buf = buf,
    row = row,
    column = column,
    before = line:sub(1, column),
    behind = line:sub(column + 1),
    lines = api.nvim_buf_line_count(buf),
    choices = choices,
    index = 1,
    by_hand = by_hand,
  }
end

--- How many bytes behind the cursor are to be replaced now; nil if the line goes on otherwise than it did.
local function tail_now(offer, choice, rest, behind)
  local grown = #behind - #offer.behind
  if grown <= 0 then
    -- Closers that were typed over, or that a part of the suggestion has replaced.
    return vim.endswith(offer.behind, behind) and -grown <= choice.tail and choice.tail + grown or nil
  end
  local added = behind:sub(1, grown)
  if vim.endswith(behind, offer.behind) and added:find(CLOSERS) then
    local tail = grown + choice.tail
    return text.weave(rest, behind:sub(1, tail)) and tail or nil
  end
end

--- What is left of the chosen suggestion at the cursor of the current window; nil if it does not fit any more.
--- @param offer codestral.Offer
--- @return codestral.Rest?
function M.rest(offer)
  local buf = api.nvim_get_current_buf()
  local cursor = api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  if buf ~= offer.buf or row < offer.row or (row == offer.row and column < offer.column) then
    return nil
  end
  if api.nvim_buf_line_count(buf) - offer.lines ~= row - offer.row then
    return nil
  end
  if line_of(buf, offer.row):sub(1, offer.column) ~= offer.before then
    return nil
  end
  local choice = offer.choices[offer.index]
  local typed = table.concat(api.nvim_buf_get_text(buf, offer.row, offer.column, row, column, {}), '\n')
  if not vim.startswith(choice.text, typed) or #typed == #choice.text then
    return nil
  end
  local left = choice.text:sub(#typed + 1)
  local behind = line_of(buf, row):sub(column + 1)
  local tail = tail_now(offer, choice, left, behind)
  return tail and { typed = typed, text = left, tail = tail, behind = behind } or nil
end

--- Puts what is left of another offer's choice among the choices, where the same text is or in front, and
--- returns its index.
--- @param offer codestral.Offer
--- @param other codestral.Offer
--- @param rest codestral.Rest
--- @return integer
function M.keep(offer, other, rest)
  for index, choice in ipairs(offer.choices) do
    if choice.text == rest.text and choice.tail == rest.tail then
      return index
    end
  end
  local old = other.choices[other.index]
  table.insert(offer.choices, 1, {
    item = old.item,
    skipped = old.skipped .. rest.typed,
    text = rest.text,
    tail = rest.tail,
  })
  return 1
end

return M
