--- Text into the buffer, as one undo step of its own.
local M = {}

local api = vim.api

--- Ends the running undo step: setting 'undolevels' does, also within insert mode.
local function break_undo(buf)
  vim.bo[buf].undolevels = vim.bo[buf].undolevels
end

--- Replaces `replaced` bytes behind the cursor by `inserted`, and puts the cursor behind that. Nothing is
--- indented, wrapped, expanded or mapped. False while Neovim locks the text (in an <expr> mapping).
--- @param inserted string with line feeds between its lines, whatever 'fileformat' is
--- @param replaced integer
--- @return boolean
function M.at_cursor(inserted, replaced)
  local buf = api.nvim_get_current_buf()
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local lines = vim.split(inserted, '\n', { plain = true })
  break_undo(buf)
  local done, problem = pcall(api.nvim_buf_set_text, buf, row - 1, column, row - 1, column + replaced, lines)
  if not done then
    if tostring(problem):find('E565', 1, true) then
      return false
    end
    error(problem, 0)
  end
  local last = #lines
  api.nvim_win_set_cursor(0, { row + last - 1, (last == 1 and column or 0) + #lines[last] })
  break_undo(buf)
  return true
end

return M
