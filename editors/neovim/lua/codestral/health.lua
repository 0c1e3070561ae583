--- `:checkhealth codestral`.
local client_of = require('codestral.client')
local config = require('codestral.config')
local ghost_text = require('codestral.ghost_text')
local keys = require('codestral.keys')

local M = {}

local health = vim.health
--- The doctor tries a real fill on every backend, and a cold model takes its time.
local DOCTOR_MS, VERSION_MS = 120000, 20000

local function run(command, timeout)
  local started, process = pcall(vim.system, command, { text = true })
  if not started then
    return nil
  end
  return process:wait(timeout)
end

--- A command of the program that serves: what stands in `cmd` before the server's own command and options.
local function program(...)
  local command = {}
  for index, word in ipairs(config.options.cmd) do
    if index > 1 and (word == 'serve' or vim.startswith(word, '--')) then
      break
    end
    command[index] = word
  end
  return vim.list_extend(command, { ... })
end

--- The doctor, on the configuration file that the server is given.
local function doctor()
  local command = program('doctor', '--json')
  for index, word in ipairs(config.options.cmd) do
    if word == '--config' then
      vim.list_extend(command, { word, config.options.cmd[index + 1] })
    end
  end
  return command
end

local function check_editor()
  health.start('Neovim')
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.10') == 0 then
    health.error(version .. ' is too old', 'Use Neovim 0.10 or newer')
    return false
  end
  health.ok(version)
  if ghost_text.is_native() then
    health.ok("Ghost text: Neovim's own (vim.lsp.inline_completion)")
  elseif config.options.ghost_text == 'native' then
    health.warn("Ghost text: Neovim's own is wanted and not there before 0.12; the plugin's is used")
  else
    health.ok("Ghost text: the plugin's own")
  end
  return true
end

local function check_settings()
  health.start('Settings')
  for _, problem in ipairs(config.problems) do
    health.error(problem, ':help codestral-options')
  end
  if #config.problems == 0 then
    health.ok('All are as they must be')
  end
end

local function check_server()
  health.start('Server')
  local command = config.options.cmd
  if type(command) == 'function' then
    health.info('`cmd` is a function')
    return
  end
  if not client_of.is_installed() then
    health.error(command[1] .. ' is not installed', {
      'Install it: pip install "codestral-lsp[embedded]"',
      'Or name its full path: require("codestral").setup({ cmd = { "/path/to/codestral-lsp" } })',
      'Then: :Codestral restart',
    })
    return
  end
  local answer = run(program('--version'), VERSION_MS)
  local version = answer and answer.code == 0 and vim.trim(answer.stdout)
  health.ok(('%s: %s'):format(vim.fn.exepath(command[1]), version or 'its version is not known'))
end

local function check_client()
  local clients = vim.lsp.get_clients({ name = 'codestral' })
  if #clients == 0 then
    health.warn('No server is running', {
      'Is require("codestral").setup{} called?',
      'Servers start with the first buffer that has a filetype',
      ':Codestral restart, :Codestral log',
    })
  end
  for _, client in ipairs(clients) do
    local buffers = vim.tbl_count(client.attached_buffers)
    health.ok(('Running for %d buffer(s), positions in %s'):format(buffers, client.offset_encoding))
  end
end

local function check_keys()
  health.start('Keys')
  if not config.options.keys then
    health.info('None are mapped')
    return
  end
  for what, lhs in vim.spairs(config.options.keys) do
    local mapping = lhs and keys.mapping(lhs)
    if not lhs then
      health.info(what .. ': none')
    elseif keys.is_ours(mapping) then
      health.ok(('%s: %s'):format(what, lhs))
    else
      health.warn(('%s: %s was mapped again after setup()'):format(what, lhs), {
        (':verbose imap %s tells where'):format(lhs),
        'Call setup() later, choose another key, or use the functions of require("codestral") in your mapping',
      })
    end
  end
end

local function report_backend(backend)
  local model = type(backend.model) == 'string' and ' ' .. backend.model or ''
  local where = backend.remote and 'remote' or 'local'
  local name = ('%s:%s (%s, %s)'):format(backend.name, model, backend.kind, where)
  if backend.ok then
    health.ok(('%s fills in the middle'):format(name))
  else
    health.error(('%s: %s'):format(name, backend.problem))
  end
  for _, advice in ipairs(backend.advice or {}) do
    health.info(advice)
  end
end

local function report_doctor(told)
  for _, problem in ipairs(told.problems or {}) do
    health.error(problem)
  end
  for _, text in ipairs(told.notices or {}) do
    health.info(text)
  end
  for _, backend in ipairs(told.backends or {}) do
    report_backend(backend)
  end
  if #(told.backends or {}) == 0 then
    health.error('There is no backend that could be asked', 'codestral-lsp model pull qwen2.5-coder-0.5b')
  end
end

local function check_doctor()
  health.start('codestral-lsp doctor')
  local command = config.options.cmd
  if type(command) == 'function' or not client_of.is_installed() then
    health.info('Not run')
    return
  end
  if next(config.options.settings) then
    health.info('The doctor reads the configuration files, not the `settings` of setup()')
  end
  local examination = doctor()
  local answer = run(examination, DOCTOR_MS)
  local read, told = pcall(vim.json.decode, answer and answer.stdout or '')
  if not read or type(told) ~= 'table' then
    health.error('It printed nothing that can be read', 'Run it in a terminal: ' .. table.concat(examination, ' '))
    return
  end
  report_doctor(told)
end

--- Tells of everything that ghost text depends on.
function M.check()
  if check_editor() then
    check_settings()
    check_server()
    check_client()
    check_keys()
    check_doctor()
  end
end

return M
