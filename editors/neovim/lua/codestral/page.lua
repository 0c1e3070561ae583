--- Pages that the server has written for people.
local M = {}

local api = vim.api

local function close_with_q(buf)
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf, desc = 'Codestral: close this page' })
end

--- Shows Markdown in a scratch buffer of its own window; a page of the same name is replaced.
--- @param name string
--- @param markdown string
function M.open(name, markdown)
  local title = 'codestral://' .. name
  local buf = vim.fn.bufnr('^' .. title .. '$')
  if buf == -1 then
    buf = api.nvim_create_buf(false, true)
    api.nvim_buf_set_name(buf, title)
  end
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, 0, -1, false, vim.split(vim.trim(markdown), '\r?\n'))
  vim.bo[buf].modifiable = false
  vim.bo[buf].modified = false
  vim.bo[buf].bufhidden = 'wipe'
  local window = vim.fn.bufwinid(buf)
  if window ~= -1 then
    api.nvim_set_current_win(window)
    return
  end
  vim.cmd.split()
  api.nvim_win_set_buf(0, buf)
  vim.bo[buf].filetype = 'markdown'
  close_with_q(buf)
end

--- The handler of `window/showDocument`: a page opens beside what is edited, not in its place.
function M.on_show_document(problem, params, context)
  if params.external then
    return vim.lsp.handlers['window/showDocument'](problem, params, context)
  end
  vim.cmd.split(vim.fn.fnameescape(vim.uri_to_fname(params.uri)))
  vim.bo.modifiable, vim.bo.bufhidden = false, 'wipe'
  close_with_q(0)
  return { success = true }
end

return M
