--- The server, as a client of Neovim's own LSP: one process for all buffers and folders.
local actions = require('codestral.actions')
local config = require('codestral.config')
local ghost_text = require('codestral.ghost_text')
local notice = require('codestral.notice')
local page = require('codestral.page')
local status = require('codestral.status')

local M = {}

local NAME = 'codestral'
--- From here on Neovim starts servers itself (vim.lsp.enable) and clients have methods.
local NEW = vim.fn.has('nvim-0.11') == 1
local RESTART_MS, POLL_MS = 5000, 50
--- How the server ends when it is told to by SIGTERM.
local TERMINATED = 143

--- Nothing is started by itself after the server has ended by a fault.
local crashed = false

--- @param client vim.lsp.Client
--- @param method string
local function call(client, method, ...)
  if NEW then
    return client[method](client, ...)
  end
  return client[method](...)
end

--- @param client vim.lsp.Client
--- @return boolean sent, integer? id
function M.request(client, method, params, handler, buf)
  return call(client, 'request', method, params, handler, buf)
end

--- @param client vim.lsp.Client
--- @param id integer
function M.cancel(client, id)
  call(client, 'cancel_request', id)
end

--- The client of a buffer, or nil.
--- @param buf integer
--- @return vim.lsp.Client?
function M.get(buf)
  return vim.lsp.get_clients({ bufnr = buf, name = NAME })[1]
end

--- The client, of whatever buffer, or nil.
--- @return vim.lsp.Client?
function M.any()
  return M.get(vim.api.nvim_get_current_buf()) or vim.lsp.get_clients({ name = NAME })[1]
end

--- @param buf integer
function M.notify(buf, method, params)
  local client = M.get(buf)
  if client then
    call(client, 'notify', method, params)
  end
end

--- Sends a command that the server gave with something. What it answers is of no interest.
--- @param buf integer
--- @param command { command: string, arguments?: table }
function M.execute(buf, command)
  local client = M.get(buf)
  if client then
    local params = { command = command.command, arguments = command.arguments }
    M.request(client, 'workspace/executeCommand', params, function() end, buf)
  end
end

--- Runs one of the server's commands and gives its result to `on_result`; tells the user where that fails.
--- @param name string without `codestral.`
--- @param arguments any[]
--- @param on_result? fun(result: any)
function M.command(name, arguments, on_result)
  local client = M.any()
  if not client then
    notice.tell('no server is running (:checkhealth codestral)', vim.log.levels.WARN)
    return
  end
  local params = { command = NAME .. '.' .. name, arguments = arguments }
  M.request(client, 'workspace/executeCommand', params, function(problem, result)
    if problem then
      notice.tell(problem.message or tostring(problem), vim.log.levels.WARN)
    elseif on_result then
      on_result(result)
    end
  end)
end

local function ended(code, signal)
  vim.schedule(function()
    status.reset()
    if (code ~= 0 and code ~= TERMINATED) or (signal ~= 0 and signal ~= 15) then
      crashed = true
      local how = signal ~= 0 and 'signal ' .. signal or 'exit ' .. code
      notice.tell(('the server ended (%s), see :Codestral restart'):format(how), vim.log.levels.ERROR)
    end
  end)
end

--- Starts the process. Neovim hears of every end as of a good one, or it would tell the user a second time.
local function start_process(dispatchers, given, ...)
  local command = config.options.cmd
  local on_exit = dispatchers.on_exit
  dispatchers = vim.tbl_extend('force', dispatchers, {
    on_exit = function(code, signal)
      ended(code, signal)
      on_exit(0, 0)
    end,
  })
  if type(command) == 'function' then
    return command(dispatchers, given, ...)
  end
  given = given or {}
  local spawn = { cwd = given.cmd_cwd, env = given.cmd_env, detached = given.detached }
  return vim.lsp.rpc.start(command, dispatchers, spawn)
end

--- @return boolean whether the command that starts the server can be found
function M.is_installed()
  local command = config.options.cmd
  return type(command) == 'function' or vim.fn.executable(command[1]) == 1
end

--- Whether a server may be started for a buffer. Tells once where it is not installed.
local function may_start(buf)
  if crashed or not config.wants(buf) then
    return false
  end
  if not M.is_installed() then
    notice.tell_once(('%s not found (:help codestral-install)'):format(config.options.cmd[1]))
    return false
  end
  return true
end

local function root_of(buf)
  return vim.fs.root(buf, config.options.root_markers)
end

--- Tells the server of the folder of a buffer that it serves.
local function add_folder(client, buf)
  local root = root_of(buf)
  if not root then
    return
  end
  local folder = { uri = vim.uri_from_fname(root), name = root }
  for _, known in ipairs(client.workspace_folders or {}) do
    if known.uri == folder.uri then
      return
    end
  end
  client.workspace_folders = client.workspace_folders or {}
  table.insert(client.workspace_folders, folder)
  call(client, 'notify', 'workspace/didChangeWorkspaceFolders', { event = { added = { folder }, removed = {} } })
end

local function capabilities()
  local own = not ghost_text.is_native()
  return vim.tbl_deep_extend('force', vim.lsp.protocol.make_client_capabilities(), {
    textDocument = { inlineCompletion = { dynamicRegistration = not own } },
    experimental = {
      codestral = { instructions = true, status = true, replacesAfterCursor = own, asksAgain = own },
    },
  })
end

local function is_alive_and_ours(client)
  return client.name == NAME and not call(client, 'is_stopped')
end

--- The configuration for vim.lsp.start and vim.lsp.config.
--- @return table
function M.server_config()
  local settings = next(config.options.settings) and { codestral = config.options.settings } or nil
  return {
    name = NAME,
    cmd = start_process,
    root_dir = function(buf, on_dir)
      if may_start(buf) then
        on_dir(root_of(buf))
      end
    end,
    reuse_client = is_alive_and_ours,
    capabilities = capabilities(),
    init_options = settings,
    settings = settings,
    handlers = {
      ['codestral/status'] = status.on_status,
      ['window/showDocument'] = page.on_show_document,
      ['window/showMessage'] = notice.on_show_message,
    },
    commands = { ['codestral.action'] = actions.on_action },
  }
end

--- Has the server serve a buffer, if that is wanted there; starts it where it is not running.
--- @param buf integer
function M.serve(buf)
  if may_start(buf) then
    local settings = vim.deepcopy(NEW and vim.lsp.config[NAME] or M.server_config())
    settings.root_dir = root_of(buf)
    vim.lsp.start(settings, { bufnr = buf, reuse_client = is_alive_and_ours })
  end
end

local function enable()
  if NEW then
    -- Without this call the configuration of an earlier setup() would stay in force.
    vim.lsp.config(NAME, {})
    vim.lsp.enable(NAME)
    return
  end
  -- Neovim 0.10 has no vim.lsp.enable.
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('codestral.start', {}),
    callback = function(event)
      M.serve(event.buf)
    end,
  })
  if vim.v.vim_did_enter == 1 then
    vim.iter(vim.api.nvim_list_bufs()):filter(vim.api.nvim_buf_is_loaded):each(M.serve)
  end
end

--- Has a server started for every buffer that wants one, now and later.
function M.start()
  vim.api.nvim_create_autocmd('LspAttach', {
    group = vim.api.nvim_create_augroup('codestral.client', {}),
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == NAME then
        add_folder(client, event.buf)
        ghost_text.attach(event.buf)
      end
    end,
  })
  enable()
end

--- Ends the server and starts it anew, by the settings in force.
function M.restart()
  crashed = false
  if NEW then
    vim.lsp.enable(NAME, false)
  end
  -- With those that have not answered yet.
  local all = { name = NAME, _uninitialized = true }
  for _, client in ipairs(vim.lsp.get_clients(all)) do
    call(client, 'stop')
  end
  local waited = 0
  local function start_when_ended()
    local running = vim.lsp.get_clients(all)
    if #running > 0 and waited < RESTART_MS then
      waited = waited + POLL_MS
      vim.defer_fn(start_when_ended, POLL_MS)
      return
    end
    for _, client in ipairs(running) do
      -- Neovim 0.11 ignores stop(true) after stop().
      client.rpc.terminate()
    end
    enable()
  end
  start_when_ended()
end

return M
