--- The keys of insert mode. A key that has nothing to do for us does what it did before.
local config = require('codestral.config')

local M = {}

local MARK = 'Codestral: '

--- The keys that are mapped by us, with the mappings that they had.
--- @type { lhs: string, before: table? }[]
local mapped = {}

--- The global mapping of a key in insert mode, or nil.
--- @param lhs string
--- @return table?
function M.mapping(lhs)
  local wanted = vim.keycode(lhs)
  for _, mapping in ipairs(vim.api.nvim_get_keymap('i')) do
    if vim.keycode(mapping.lhs) == wanted then
      return mapping
    end
  end
end

--- Whether a mapping is one of ours.
--- @param mapping table?
--- @return boolean
function M.is_ours(mapping)
  return mapping ~= nil and vim.startswith(mapping.desc or '', MARK)
end

--- Gives the mapping that a key had another name, and returns the keys that do what the key did.
local function keep(lhs, before)
  if not before then
    -- An Alt key without a mapping is <Esc> and the key to Neovim, if it is typed and does not come out of a mapping.
    local key = lhs:match('^<[MmAa]%-(.+)>$')
    return key and '<Esc>' .. (#key == 1 and key or ('<%s>'):format(key)) or lhs
  end
  local name = ('<Plug>(codestral-before-%s)'):format(lhs:gsub('[<>]', ''))
  local copy = vim.tbl_extend('force', before, { lhs = name, lhsraw = vim.keycode(name) })
  copy.lhsrawalt = nil
  vim.fn.mapset('i', false, copy)
  return name
end

local function map(lhs, what, is_wanted)
  if not lhs then
    return
  end
  local before = M.mapping(lhs)
  local otherwise = keep(lhs, before)
  vim.keymap.set('i', lhs, function()
    if is_wanted() then
      return ('<Cmd>lua require("codestral").%s()<CR>'):format(what)
    end
    return otherwise
  end, { expr = true, replace_keycodes = true, silent = true, desc = MARK .. what:gsub('_', ' ') })
  mapped[#mapped + 1] = { lhs = lhs, before = before }
end

local function unmap()
  for _, entry in ipairs(mapped) do
    if M.is_ours(M.mapping(entry.lhs)) then
      vim.keymap.del('i', entry.lhs)
      if entry.before then
        vim.fn.mapset('i', false, entry.before)
      end
    end
  end
  mapped = {}
end

--- Maps the keys of the settings, in place of those that were mapped before.
function M.set()
  unmap()
  local keys = config.options.keys
  if not keys then
    return
  end
  local plugin = require('codestral')
  map(keys.accept, 'accept', plugin.visible)
  map(keys.accept_line, 'accept_line', plugin.visible)
  map(keys.accept_word, 'accept_word', plugin.visible)
  local function cycles()
    local native = require('codestral.ghost_text').is_native()
    return plugin.is_attached() and vim.b.codestral ~= false and (not native or plugin.visible())
  end
  map(keys.next, 'next', cycles)
  map(keys.previous, 'previous', cycles)
  map(keys.dismiss, 'dismiss', plugin.visible)
end

return M
