--- Completion menus: Neovim's own, nvim-cmp's and blink.cmp's.
local config = require('codestral.config')

local M = {}

--- @return 'none'|'open'|'selected'
local function native()
  if vim.fn.pumvisible() == 0 then
    return 'none'
  end
  return vim.fn.complete_info({ 'selected' }).selected >= 0 and 'selected' or 'open'
end

--- A menu of a plugin that is loaded already: `open` and `selected` name its functions.
local function of_plugin(module, open, selected)
  local plugin = package.loaded[module]
  if type(plugin) ~= 'table' or not plugin[open] or not plugin[open]() then
    return 'none'
  end
  return plugin[selected] and plugin[selected]() and 'selected' or 'open'
end

--- nvim-cmp's own functions wait until it has filtered, and Neovim runs other callbacks meanwhile.
local function of_cmp()
  local view = vim.tbl_get(package.loaded, 'cmp', 'core', 'view')
  if not view or not view.visible or not view.get_selected_entry then
    return of_plugin('cmp', 'visible', 'get_selected_entry')
  end
  return not view:visible() and 'none' or view:get_selected_entry() and 'selected' or 'open'
end

--- @return 'none'|'open'|'selected'
function M.state()
  local state = native()
  if state == 'none' then
    state = of_cmp()
  end
  if state == 'none' then
    state = of_plugin('blink.cmp', 'is_menu_visible', 'get_selected_item')
  end
  return state
end

--- Whether a menu hides ghost text now, by the setting `menu`.
--- @return boolean
function M.hides()
  local when = config.options.menu
  if when == 'ignore' then
    return false
  end
  local state = M.state()
  return state == 'selected' or (when == 'open' and state == 'open')
end

--- Calls `callback` on Neovim's next turn whenever a menu opens, closes or changes its choice.
--- @param group integer
--- @param callback fun()
function M.watch(group, callback)
  local soon = vim.schedule_wrap(callback)
  vim.api.nvim_create_autocmd({ 'CompleteChanged', 'CompleteDone' }, { group = group, callback = soon })
  vim.api.nvim_create_autocmd('User', {
    group = group,
    pattern = { 'BlinkCmpMenuOpen', 'BlinkCmpMenuClose', 'BlinkCmpListSelect' },
    callback = soon,
  })
end

--- Watches nvim-cmp, which has events of its own, once it is loaded.
--- @param callback fun()
function M.watch_cmp(callback)
  local cmp = package.loaded['cmp']
  if M.watches_cmp or type(cmp) ~= 'table' or not cmp.event then
    return
  end
  M.watches_cmp = true
  cmp.event:on('menu_opened', vim.schedule_wrap(callback))
  cmp.event:on('menu_closed', vim.schedule_wrap(callback))
end

return M
