vim9script
# codestral-lsp in the completion menu of yegappan/lsp. To be sourced from ~/.vimrc.
autocmd User LspSetup g:LspAddServer([{
  name: 'codestral',
  filetype: ['python', 'javascript', 'typescript', 'c', 'cpp', 'go', 'java', 'rust', 'ruby', 'lua', 'sh'],
  path: exepath('codestral-lsp'),
  args: [],
  initializationOptions: {codestral: {}},
  workspaceConfig: {},
}])
