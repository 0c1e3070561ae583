" codestral-lsp in the completion menu of vim-lsp (prabirshrestha/vim-lsp). For ~/.vimrc.
augroup codestral_vim_lsp
  autocmd!
  autocmd User lsp_setup call lsp#register_server({
        \ 'name': 'codestral',
        \ 'cmd': {server_info -> ['codestral-lsp']},
        \ 'allowlist': ['*'],
        \ 'initialization_options': {'codestral': {}},
        \ 'workspace_config': {},
        \ })
  autocmd User lsp_buffer_enabled setlocal omnifunc=lsp#complete
augroup END
