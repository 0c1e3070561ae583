--- Ghost text on the screen, by extmarks.
local text = require('codestral.text')

local M = {}

local api = vim.api
local namespace = api.nvim_create_namespace('codestral')
local GHOST, REPLACED, HINT = 'CodestralGhost', 'CodestralReplaced', 'CodestralHint'
local SCROLLS = vim.fn.has('nvim-0.11') == 1

--- Bright black, for terminals whose colour scheme shows comments as it shows text.
local DIM = 8

--- Links a group to another; where that has no look in terminals of few colours, as in Neovim's own colour scheme,
--- it gets one.
local function link(group, to)
  local look = api.nvim_get_hl(0, { name = to, link = false })
  if look.ctermfg or look.cterm then
    api.nvim_set_hl(0, group, { default = true, link = to })
  else
    look.default, look.ctermfg = true, DIM
    api.nvim_set_hl(0, group, look)
  end
end

--- Defines the highlight groups, where the user or the colour scheme does not.
function M.define_highlights()
  link(GHOST, 'Comment')
  link(HINT, 'NonText')
  api.nvim_set_hl(0, REPLACED, { default = true, strikethrough = true })
end

--- Removes the ghost text of a buffer.
--- @param buf integer
function M.clear(buf)
  if api.nvim_buf_is_valid(buf) then
    api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  end
end

--- Extmarks belong to the buffer; where Neovim can, only the window that is typed in shows them.
local function only_here()
  if api.nvim__ns_set then
    pcall(api.nvim__ns_set, namespace, { wins = { api.nvim_get_current_win() } })
  end
end

local function mark(ghost, column, options)
  options.strict = false
  api.nvim_buf_set_extmark(ghost.buf, namespace, ghost.row, column, options)
end

local function inline(ghost, column, piece)
  if piece ~= '' then
    mark(ghost, column, { virt_text = { { piece, GHOST } }, virt_text_pos = 'inline' })
  end
end

--- One line: its pieces stand between the characters of the replaced text that it has too.
local function show_line(ghost, line, start)
  local found = text.weave(line, ghost.replaced)
  if not found then
    inline(ghost, ghost.column, text.expand_tabs(line, start))
    mark(ghost, ghost.column, { end_col = ghost.column + #ghost.replaced, hl_group = REPLACED })
    return
  end
  local column, from = ghost.column, 0
  for _, character in ipairs(found) do
    inline(ghost, column, text.expand_tabs(line:sub(from + 1, character.from), start))
    column, from = column + character.size, character.to
  end
  inline(ghost, column, text.expand_tabs(line:sub(from + 1), start))
end

--- Whether what is behind the cursor ends on the cursor's own row of the screen.
local function behind_fits()
  local window = vim.fn.getwininfo(api.nvim_get_current_win())[1]
  local last = vim.fn.screenpos(0, vim.fn.line('.'), math.max(1, vim.fn.col('$') - 1))
  local here = vim.fn.screenpos(0, vim.fn.line('.'), vim.fn.col('.'))
  return last.row == here.row and last.row > 0 and last.endcol < window.wincol + window.width
end

local function virtual_lines(lines, rest)
  local below = {}
  for index = 2, #lines do
    below[#below + 1] = { { lines[index], GHOST } }
  end
  if rest ~= '' then
    table.insert(below[#below], { rest, 'Normal' })
  end
  return below
end

--- Several lines: what is behind the cursor will stand behind the last one, so it is covered and shown there.
local function show_lines(ghost, lines, start)
  local behind = ghost.replaced .. ghost.rest
  local first = text.expand_tabs(lines[1], start)
  local moves = behind ~= '' and behind_fits()
  local options = { virt_lines = virtual_lines(lines, moves and ghost.rest or '') }
  if SCROLLS then
    options.virt_lines_overflow = 'scroll'
  end
  if moves then
    local missing = vim.fn.strdisplaywidth(behind, start) - vim.fn.strdisplaywidth(first, start)
    options.virt_text = { { first, GHOST }, { (' '):rep(missing), 'Normal' } }
    options.virt_text_pos = 'overlay'
    mark(ghost, ghost.column, options)
  else
    mark(ghost, ghost.column, options)
    inline(ghost, ghost.column, first)
  end
end

--- How many of `below` lines under the cursor's are outside the window.
local function lines_out_of_sight(below)
  return math.max(0, below - (api.nvim_win_get_height(0) - vim.fn.winline()))
end

--- Shows ghost text at the cursor, in place of what is shown.
--- @param ghost { buf: integer, row: integer, column: integer, text: string, replaced: string, rest: string,
---   hint: string } `replaced` and `rest` are what stands behind the cursor
function M.show(ghost)
  M.clear(ghost.buf)
  only_here()
  local lines = vim.split(ghost.text, '\n', { plain = true })
  local before = api.nvim_buf_get_lines(ghost.buf, ghost.row, ghost.row + 1, false)[1]:sub(1, ghost.column)
  local start = vim.fn.strdisplaywidth(before)
  if #lines == 1 then
    show_line(ghost, lines[1], start)
  else
    show_lines(ghost, lines, start)
  end
  local hidden = lines_out_of_sight(#lines - 1)
  local hints = { hidden > 0 and ('+%d'):format(hidden) or '', ghost.hint }
  local hint = vim.trim(table.concat(hints, ' '))
  if hint ~= '' then
    mark(ghost, ghost.column, { virt_text = { { ' ' .. hint, HINT } }, virt_text_pos = 'eol' })
  end
end

return M
