if vim.g.loaded_codestral then
  return
end
vim.g.loaded_codestral = true

if vim.fn.has('nvim-0.10') == 0 then
  vim.notify('Codestral needs Neovim 0.10 or newer.', vim.log.levels.WARN)
  return
end

vim.api.nvim_create_user_command('Codestral', function(call)
  require('codestral.commands').run(call)
end, {
  nargs = '*',
  range = true,
  desc = 'Codestral: completions by codestral-lsp',
  complete = function(_, line, position)
    return require('codestral.commands').complete(line:sub(1, position))
  end,
})
