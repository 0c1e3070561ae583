--- `:Codestral`.
local actions = require('codestral.actions')
local client_of = require('codestral.client')
local notice = require('codestral.notice')
local page = require('codestral.page')

local M = {}

local COMPLETION_MS = 500

local function text(value)
  return type(value) == 'string' and value ~= '' and value or nil
end

--- The name of a backend, with its model and where it is.
local function describe(backend)
  local where = backend.remote and 'remote' or 'local'
  return ('%s (%s, %s)'):format(backend.name, text(backend.model) or text(backend.kind) or '?', where)
end

--- One line about a session, of what `codestral.status` returns.
local function line_of(session)
  local parts = { text(session.state) or 'running' }
  if type(session.backend) == 'table' then
    parts[#parts + 1] = describe(session.backend)
  end
  parts[#parts + 1] = text(session.message)
  return table.concat(parts, ', ')
end

local function show_status()
  client_of.command('status', {}, function(session)
    notice.tell(line_of(session))
  end)
end

local function show_page(name)
  return function()
    client_of.command(name, {}, function(result)
      page.open(name, type(result) == 'table' and text(result.markdown) or 'The server has sent no page.')
    end)
  end
end

local function choose_backend(name)
  client_of.command('backend', { name }, function(session)
    notice.tell(line_of(session))
  end)
end

local function ask_for_backend()
  client_of.command('status', {}, function(session)
    local choices = vim.list_extend({}, session.backends or {})
    choices[#choices + 1] = vim.NIL
    vim.ui.select(choices, {
      prompt = 'Codestral: ask first',
      format_item = function(backend)
        return backend == vim.NIL and "the settings' order" or describe(backend) .. (backend.chosen and ' *' or '')
      end,
    }, function(backend)
      if backend then
        choose_backend(backend == vim.NIL and vim.NIL or backend.name)
      end
    end)
  end)
end

local function backend_names()
  local client = client_of.any()
  local params = { command = 'codestral.status' }
  local names, done = {}, false
  if client then
    client_of.request(client, 'workspace/executeCommand', params, function(_, session)
      for _, backend in ipairs(type(session) == 'table' and session.backends or {}) do
        names[#names + 1] = backend.name
      end
      done = true
    end)
    vim.wait(COMPLETION_MS, function()
      return done
    end, 10)
  end
  return names
end

local function open_log()
  vim.cmd.split(vim.fn.fnameescape(vim.lsp.log.get_filename()))
  vim.cmd.normal({ 'G', bang = true })
end

local function snooze(minutes)
  local number = minutes == nil and 10 or tonumber(minutes)
  if not number or number < 0 then
    notice.tell('snooze takes a number of minutes; 0 ends it', vim.log.levels.WARN)
    return
  end
  require('codestral').snooze(number)
end

--- @class codestral.Subcommand
--- @field run fun(argument: string?, call: table)
--- @field takes? fun(): string[] what its argument can be

--- @type table<string, codestral.Subcommand>
local subcommands = {
  action = {
    run = function(_, call)
      actions.choose(call)
    end,
  },
  backend = {
    run = function(name)
      if name then
        choose_backend(name)
      else
        ask_for_backend()
      end
    end,
    takes = backend_names,
  },
  disable = {
    run = function()
      require('codestral').disable()
    end,
  },
  enable = {
    run = function()
      require('codestral').enable()
    end,
  },
  explain = { run = show_page('explain') },
  log = { run = open_log },
  restart = { run = client_of.restart },
  snooze = {
    run = snooze,
    takes = function()
      return { '0', '5', '10', '30', '60' }
    end,
  },
  stats = { run = show_page('stats') },
  status = { run = show_status },
  toggle = {
    run = function()
      require('codestral').toggle()
    end,
  },
}

local function names()
  local all = vim.tbl_keys(subcommands)
  table.sort(all)
  return all
end

--- Runs the command line of `call`; without a sub-command that is `status`.
--- @param call table as nvim_create_user_command gives it
function M.run(call)
  local name, argument = call.fargs[1] or 'status', call.fargs[2]
  local subcommand = subcommands[name]
  if not subcommand then
    notice.tell(('no such sub-command: %s (:help :Codestral)'):format(name), vim.log.levels.WARN)
  elseif not require('codestral').is_set_up() then
    notice.tell("require('codestral').setup{} was not called yet", vim.log.levels.WARN)
  else
    subcommand.run(argument, call)
  end
end

--- What can stand at the end of a command line.
--- @param line string
--- @return string[]
function M.complete(line)
  local words = vim.split(line:gsub('^.-Codestral%s+', ''), '%s+')
  local subcommand = subcommands[words[1]]
  local all = #words <= 1 and names() or (#words == 2 and subcommand and subcommand.takes and subcommand.takes() or {})
  return vim.tbl_filter(function(word)
    return vim.startswith(word, words[#words])
  end, all)
end

return M
