--- What the server says of itself by `codestral/status`, as a text for statuslines.
local config = require('codestral.config')

local M = {}

--- @alias codestral.State 'ready'|'working'|'snoozed'|'off'|'unavailable'

--- @class codestral.Status
--- @field state codestral.State
--- @field backend? string
--- @field model? string
--- @field remote boolean
--- @field message string

--- The last that the server has said; nil before, and after its end.
--- @type codestral.Status?
M.latest = nil

local function tell_everybody()
  vim.api.nvim_exec_autocmds('User', { pattern = 'CodestralStatus', modeline = false, data = M.latest })
  vim.cmd.redrawstatus()
end

--- The handler of the notification.
function M.on_status(_, params)
  local function text(value)
    return type(value) == 'string' and value or nil
  end
  M.latest = {
    state = text(params.state) or 'ready',
    backend = text(params.backend),
    model = text(params.model),
    remote = params.remote == true,
    message = text(params.message) or '',
  }
  tell_everybody()
end

--- Forgets what a server has said that is no more.
function M.reset()
  M.latest = nil
  tell_everybody()
end

--- A short text for the current buffer, without asking anybody; empty where no server serves it.
--- @return string
function M.text()
  local buf = vim.api.nvim_get_current_buf()
  if #vim.lsp.get_clients({ bufnr = buf, name = 'codestral' }) == 0 then
    return ''
  end
  local texts = config.options.status
  if vim.b[buf].codestral == false then
    return texts.off
  end
  return M.latest and texts[M.latest.state] or texts.ready
end

return M
