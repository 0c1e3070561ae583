--- The settings: defaults, what each must be, and what is in force.
local notice = require('codestral.notice')

local M = {}

--- @class codestral.Keys insert mode; false maps nothing
--- @field accept string|false
--- @field accept_line string|false
--- @field accept_word string|false
--- @field next string|false
--- @field previous string|false
--- @field dismiss string|false

--- @class codestral.Options
--- @field cmd string[]|fun(dispatchers: table, config: table?): table how the server is started
--- @field filetypes true|string[]|table<string, boolean> where; a map decides by name, and by '*' for the others
--- @field root_markers string[] what a workspace folder holds
--- @field settings table the server's settings, as in its configuration file
--- @field automatic boolean suggestions come while typing; otherwise only when asked for
--- @field ghost_text 'auto'|'native'|'own' who draws it: 'auto' is Neovim from 0.12 on
--- @field menu 'selected'|'open'|'ignore' when a completion menu hides ghost text
--- @field delay_ms integer how long the typing must pause before the server is asked
--- @field keys codestral.Keys|false
--- @field status table<codestral.State, string> the texts of status()

--- @return codestral.Options
local function defaults()
  return {
    cmd = { 'codestral-lsp' },
    filetypes = true,
    root_markers = { '.git', '.hg', 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml', 'compile_commands.json' },
    settings = {},
    automatic = true,
    ghost_text = 'auto',
    menu = 'selected',
    delay_ms = 20,
    keys = {
      accept = '<Tab>',
      accept_line = '<M-l>',
      accept_word = '<M-w>',
      next = '<M-]>',
      previous = '<M-[>',
      dismiss = '<C-]>',
    },
    status = {
      ready = 'Codestral',
      working = 'Codestral…',
      snoozed = 'Codestral snoozed',
      off = 'Codestral off',
      unavailable = 'Codestral unavailable',
    },
  }
end

--- The settings in force. Until setup() they are the defaults.
--- @type codestral.Options
M.options = defaults()

--- What was wrong in the last setup().
--- @type string[]
M.problems = {}

local function one_of(...)
  local allowed = { ... }
  return function(value)
    return vim.list_contains(allowed, value), "one of '" .. table.concat(allowed, "', '") .. "'"
  end
end

local function of_type(...)
  local types = { ... }
  return function(value)
    return vim.list_contains(types, type(value)), 'a ' .. table.concat(types, ' or a ')
  end
end

local function list_of_strings(value)
  local right = type(value) == 'table' and vim.islist(value)
  for _, entry in ipairs(right and value or {}) do
    right = right and type(entry) == 'string'
  end
  return right, 'a list of strings'
end

local function key(value)
  return value == false or (type(value) == 'string' and value ~= ''), 'a key or false'
end

local checks = {
  cmd = function(value)
    return type(value) == 'function' or (list_of_strings(value) and #value > 0), 'a command as a list of strings'
  end,
  filetypes = function(value)
    return value == true or type(value) == 'table', 'true, a list of filetypes or a map from filetypes to booleans'
  end,
  root_markers = list_of_strings,
  settings = of_type('table'),
  automatic = of_type('boolean'),
  ghost_text = one_of('auto', 'native', 'own'),
  menu = one_of('selected', 'open', 'ignore'),
  delay_ms = function(value)
    return type(value) == 'number' and value >= 0, 'a number of milliseconds'
  end,
  keys = function(value)
    return value == false or type(value) == 'table', 'a table of keys or false'
  end,
  status = of_type('table'),
}

local nested = { keys = key, status = of_type('string') }

--- Puts `given` over `base`; what is unknown or wrong is left out and named in `problems`.
local function overlay(base, given, check_of, path, problems)
  for name, value in pairs(given) do
    local check = check_of(name)
    if not check then
      problems[#problems + 1] = ('%s%s is no setting'):format(path, name)
    else
      local right, wanted = check(value)
      if not right then
        problems[#problems + 1] = ('%s%s must be %s'):format(path, name, wanted)
      elseif nested[name] and path == '' and type(value) == 'table' then
        local defaults_of = base[name]
        overlay(defaults_of, value, function(inner)
          return defaults_of[inner] ~= nil and nested[name] or nil
        end, name .. '.', problems)
      else
        base[name] = value
      end
    end
  end
end

--- Makes `given` over the defaults the settings in force, and tells the user about what is wrong in it.
--- @param given? table
function M.set(given)
  local options, problems = defaults(), {}
  if given ~= nil and type(given) ~= 'table' then
    problems[1] = 'setup() takes a table'
  else
    overlay(options, given or {}, function(name)
      return checks[name]
    end, '', problems)
  end
  table.sort(problems)
  M.options, M.problems = options, problems
  if #problems > 0 then
    local more = #problems > 1 and (', and %d more'):format(#problems - 1) or ''
    notice.tell_once(('%s%s (:checkhealth codestral)'):format(problems[1], more))
  end
end

--- Whether a buffer is to be served, by its kind and its filetype, or since the user has said so of itself.
--- @param buf integer
--- @return boolean
function M.wants(buf)
  if not vim.api.nvim_buf_is_valid(buf) or vim.bo[buf].buftype ~= '' then
    return false
  end
  if vim.b[buf].codestral == true then
    return true
  end
  local filetypes, filetype = M.options.filetypes, vim.bo[buf].filetype
  if filetype == '' and vim.api.nvim_buf_get_name(buf) == '' then
    return false -- The empty buffer that Neovim begins with.
  end
  if filetypes == true then
    return true
  end
  if vim.islist(filetypes) then
    return vim.list_contains(filetypes, filetype)
  end
  local decided = filetypes[filetype]
  if decided == nil then
    decided = filetypes['*']
  end
  return decided ~= false
end

return M
