"""A language server in Lua, inside Neovim: it answers as a test says, and keeps what it was sent.

For what a real server cannot be made to do on time: answers that are late, superseded, or for another place.
"""

LUA = r"""
local server = { asked = {}, cancelled = {}, told = {}, executed = {}, folders = {} }
server.items, server.held, server.holding = {}, {}, false
_G.server = server

--- An item at the position that is asked for, which replaces `behind` bytes behind it.
function server.item(params, text, behind, id)
  local at = params.position
  return {
    insertText = text,
    range = { start = at, ['end'] = { line = at.line, character = at.character + (behind or 0) } },
    command = { title = 'Accepted', command = 'codestral.accepted', arguments = { id or text } },
  }
end

--- What is answered: by default the entries { text, behind } of `items` while nothing was typed of them.
function server.answer(params)
  local found = {}
  for _, entry in ipairs(server.items) do
    found[#found + 1] = server.item(params, entry[1], entry[2])
  end
  return { items = found }
end

function server.release()
  local held = server.held
  server.held, server.holding = {}, false
  for _, reply in ipairs(held) do
    reply()
  end
end

local id = 0
local handlers = {
  initialize = function(params)
    server.initialized_with = params
    return {
      capabilities = {
        positionEncoding = 'utf-8',
        textDocumentSync = { openClose = true, change = 2 },
        inlineCompletionProvider = true,
        codeActionProvider = true,
        executeCommandProvider = { commands = { 'codestral.accepted', 'codestral.action' } },
        workspace = { workspaceFolders = { supported = true, changeNotifications = true } },
      },
    }
  end,
  ['textDocument/inlineCompletion'] = function(params)
    table.insert(server.asked, params)
    return server.answer(params)
  end,
  ['textDocument/codeAction'] = function(params)
    server.action_range = params.range
    return server.actions
  end,
  ['workspace/executeCommand'] = function(params)
    table.insert(server.executed, params)
    return (server.results or {})[params.command]
  end,
}

return function(dispatchers)
  server.dispatchers = dispatchers
  local closing = false
  return {
    request = function(method, params, callback)
      id = id + 1
      local mine = id
      -- Requests are answered for the text of their own time.
      local handler = handlers[method]
      local result = handler and handler(vim.deepcopy(params))
      local function reply()
        if not server.cancelled[mine] then
          callback(nil, result)
        end
      end
      if server.holding and method == 'textDocument/inlineCompletion' then
        table.insert(server.held, reply)
      else
        vim.schedule(reply)
      end
      return true, mine
    end,
    notify = function(method, params)
      if method == '$/cancelRequest' then
        server.cancelled[params.id] = true
      elseif method == 'workspace/didChangeWorkspaceFolders' then
        vim.list_extend(server.folders, params.event.added)
      elseif method == 'exit' then
        closing = true
        vim.schedule(function()
          dispatchers.on_exit(0, 0)
        end)
      else
        table.insert(server.told, { method = method, params = params })
      end
      return true
    end,
    is_closing = function()
      return closing
    end,
    terminate = function()
      closing = true
      dispatchers.on_exit(0, 15)
    end,
  }
end
"""

INLINE_COMPLETION = """
local namespace = vim.api.nvim_create_namespace('nvim.lsp.inline_completion')
_G.native = { enabled = {}, selected = 0 }
vim.lsp.inline_completion = {
  enable = function(on, filter) native.enabled[vim.api.nvim_buf_get_name(filter.bufnr)] = on end,
  select = function(options) native.selected = native.selected + options.count end,
  get = function(options)
    local item = native.item
    if not item then return false end
    native.item = nil
    vim.schedule(function()
      vim.api.nvim_buf_clear_namespace(0, namespace, 0, -1)
      if options and options.on_accept then item = options.on_accept(item) end
      if item then
        local at = item.range
        local lines = vim.split(item.insert_text, '\\n')
        vim.api.nvim_buf_set_text(0, at.start_row, at.start_col, at.end_row, at.end_col, lines)
        vim.api.nvim_win_set_cursor(0, { at.start_row + #lines, #lines[#lines] })
      end
    end)
    return true
  end,
}
function native.show(text)
  local cursor = vim.api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  local range = { start_row = row, start_col = column, end_row = row, end_col = column }
  native.item = { insert_text = text, range = range, client_id = 1 }
  vim.api.nvim_buf_set_extmark(0, namespace, row, column, { virt_text = { { text, 'Comment' } } })
end
"""
"""What Neovim 0.12 has and 0.11 has not, as far as the plugin uses it: one item, shown by one extmark."""
