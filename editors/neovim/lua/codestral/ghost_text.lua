--- Which ghost text is used: Neovim's own (`vim.lsp.inline_completion`, from 0.12 on) or ours.
local config = require('codestral.config')

local M = {}

--- @return boolean whether Neovim draws it
function M.is_native()
  local wanted = config.options.ghost_text
  return wanted ~= 'own' and vim.lsp.inline_completion ~= nil
end

--- The one that is in use. Both have start, stop, attach, visible, accept, cycle, dismiss and clear.
function M.used()
  return M.is_native() and require('codestral.native') or require('codestral.ghost')
end

--- Begins with a buffer that the server serves.
--- @param buf integer
function M.attach(buf)
  M.used().attach(buf)
end

return M
