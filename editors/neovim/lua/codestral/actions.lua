--- Code actions of the server.
local M = {}

--- Whether an action cannot begin without the user's words.
local function needs_words(wanted)
  return wanted.action == 'edit' and wanted.instruction == nil
end

--- What is done in place of `codestral.action` when the user chooses a code action.
function M.on_action(command, context)
  local wanted = vim.deepcopy((command.arguments or {})[1] or {})
  local client = vim.lsp.get_client_by_id(context.client_id)
  if not client then
    return
  end
  local function send()
    local params = { command = command.command, arguments = { wanted } }
    require('codestral.client').request(client, 'workspace/executeCommand', params, function(problem)
      if problem then
        require('codestral.notice').tell(problem.message or tostring(problem), vim.log.levels.WARN)
      end
    end, context.bufnr)
  end
  if not needs_words(wanted) then
    return send()
  end
  vim.ui.input({ prompt = 'Codestral, edit: ' }, function(words)
    if words and vim.trim(words) ~= '' then
      wanted.instruction = words
      send()
    end
  end)
end

--- The range of an Ex command: exactly what was selected where that is what the lines come from.
local function range_of(call)
  local from, to = vim.api.nvim_buf_get_mark(0, '<'), vim.api.nvim_buf_get_mark(0, '>')
  if vim.fn.visualmode() == 'v' and from[1] == call.line1 and to[1] == call.line2 then
    local last = vim.api.nvim_buf_get_lines(0, to[1] - 1, to[1], false)[1] or ''
    local column = math.max(0, math.min(to[2], #last - 1))
    -- Neovim adds one byte to it, and the last character may have several.
    return { start = from, ['end'] = { to[1], column + (last ~= '' and vim.str_utf_end(last, column + 1) or 0) } }
  end
  local last = vim.api.nvim_buf_get_lines(0, call.line2 - 1, call.line2, false)[1] or ''
  return { start = { call.line1, 0 }, ['end'] = { call.line2, math.max(0, #last - 1) } }
end

--- Lets the user choose among this server's code actions, at the cursor or for the range of an Ex command.
--- @param call? { range: integer, line1: integer, line2: integer }
function M.choose(call)
  vim.lsp.buf.code_action({
    range = call and call.range > 0 and range_of(call) or nil,
    filter = function(action)
      local command = type(action.command) == 'table' and action.command.command or action.command
      return type(command) == 'string' and vim.startswith(command, 'codestral.')
    end,
  })
end

return M
