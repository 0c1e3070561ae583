" codestral-lsp in the completion menu of ALE. For ~/.vimrc, before ALE is loaded.
" Debian installs ALE (vim-ale) as an optional package; other ways of installing it need no such line.
packadd! ale
let g:ale_completion_enabled = 1
set completeopt=menu,menuone,noinsert

" A list of linters replaces ALE's default: name those that you use beside it, such as ['codestral', 'ruff'].
let g:ale_linters = get(g:, 'ale_linters', {})
for s:filetype in ['python', 'javascript', 'typescript', 'c', 'cpp', 'go', 'java', 'rust', 'ruby', 'lua', 'sh']
  let g:ale_linters[s:filetype] = get(g:ale_linters, s:filetype, []) + ['codestral']
endfor

" ALE inserts an end of line as a NUL byte, so an item is cut to its first line; one that begins with it is dropped.
function! CodestralFirstLine(buffer, item) abort
  let a:item.textEdit.newText = matchstr(a:item.textEdit.newText, '^[^\n]*')
  return a:item.textEdit.newText =~# '\S'
endfunction

function! s:DefineCodestral(filetype) abort
  call ale#linter#Define(a:filetype, {
        \ 'name': 'codestral',
        \ 'lsp': 'stdio',
        \ 'executable': 'codestral-lsp',
        \ 'command': '%e',
        \ 'project_root': {buffer -> getcwd()},
        \ 'initialization_options': {'codestral': {'completion': {'max_lines': 1}}},
        \ 'completion_filter': 'CodestralFirstLine',
        \ })
endfunction

augroup codestral_ale
  autocmd!
  autocmd FileType * if has_key(g:ale_linters, expand('<amatch>')) | call s:DefineCodestral(expand('<amatch>')) | endif
augroup END
