-- What vim.lsp.config('codestral') starts from; settings of your own go on top of it.
return require('codestral.client').server_config()
