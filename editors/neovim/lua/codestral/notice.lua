--- Lines for the user.
local M = {}

local told = {}

--- @param text string
--- @param level? integer of vim.log.levels; INFO by default
function M.tell(text, level)
  vim.notify('Codestral: ' .. text, level or vim.log.levels.INFO)
end

--- Tells a text that was not told before in this session.
--- @param text string
function M.tell_once(text)
  if not told[text] then
    told[text] = true
    M.tell(text, vim.log.levels.WARN)
  end
end

local levels = { vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO, vim.log.levels.DEBUG }

--- The handler of `window/showMessage`: the server's lines say themselves who speaks.
function M.on_show_message(_, params)
  vim.notify(params.message, levels[params.type] or vim.log.levels.INFO)
  return vim.NIL
end

return M
