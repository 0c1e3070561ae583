--- Ghost text by Neovim itself (0.12 and newer). It asks, draws and inserts; we give it our keys and commands.
local client_of = require('codestral.client')
local config = require('codestral.config')
local insert = require('codestral.insert')
local text = require('codestral.text')

local M = {}

local api = vim.api

--- Begins with a buffer that the server serves, unless the user has switched it off there.
--- @param buf integer
function M.attach(buf)
  local wanted = config.options.automatic and config.wants(buf) and vim.b[buf].codestral ~= false
  vim.lsp.inline_completion.enable(wanted, { bufnr = buf })
end

--- Neovim watches the buffers that are enabled: those that the server has already, at a second setup().
function M.start()
  for _, client in ipairs(vim.lsp.get_clients({ name = 'codestral' })) do
    for buf in pairs(client.attached_buffers) do
      M.attach(buf)
    end
  end
end

--- Ends it in all buffers.
function M.stop()
  for _, buf in ipairs(api.nvim_list_bufs()) do
    if api.nvim_buf_is_loaded(buf) then
      vim.lsp.inline_completion.enable(false, { bufnr = buf })
    end
  end
end

--- @return boolean whether ghost text is on the screen
function M.visible()
  local namespace = api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  return namespace ~= nil and #api.nvim_buf_get_extmarks(0, namespace, 0, -1, { limit = 1 }) > 0
end

--- Where an item's text begins. The form of ranges has changed between versions of Neovim.
local function start_of(range)
  if range.start_row then
    return range.start_row, range.start_col
  end
  return range.start.row, range.start.col
end

--- Inserts the beginning of what is left of an item at the cursor.
local function insert_part(item, part_of)
  local cursor = api.nvim_win_get_cursor(0)
  local row, column = start_of(item.range)
  local typed = table.concat(api.nvim_buf_get_text(0, row, column, cursor[1] - 1, cursor[2], {}), '\n')
  if type(item.insert_text) ~= 'string' or not vim.startswith(item.insert_text, typed) then
    return
  end
  local part = part_of(item.insert_text:sub(#typed + 1))
  insert.at_cursor(part, 0)
  client_of.notify(api.nvim_get_current_buf(), 'textDocument/didPartiallyAcceptCompletion', {
    item = { insertText = item.insert_text, command = item.command },
    acceptedLength = text.utf16_length(typed .. part),
  })
end

local parts = { line = text.first_line, word = text.first_word }

--- Inserts the suggestion, or its first line or word. False if there is none.
--- @param what 'all'|'line'|'word'
--- @return boolean
function M.accept(what)
  local part_of = parts[what]
  return vim.lsp.inline_completion.get(part_of and {
    on_accept = function(item)
      insert_part(item, part_of)
    end,
  })
end

--- Shows another of the suggestions.
--- @param step integer
--- @return boolean
function M.cycle(step)
  local there = M.visible()
  if there then
    vim.lsp.inline_completion.select({ count = step })
  end
  return there
end

--- Removes the ghost text. False if there was none.
--- @return boolean
function M.dismiss()
  return vim.lsp.inline_completion.get({
    on_accept = function()
      return nil
    end,
  })
end

--- Removes the ghost text of the current buffer.
function M.clear()
  if M.visible() then
    M.dismiss()
  end
end

return M
