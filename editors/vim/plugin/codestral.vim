if !has('vim9script')
  " Vim 8 and Neovim: nothing of this works there.
  finish
endif
vim9script noclear
# Ghost text and code actions from codestral-lsp. Needs Vim 9.0.0196 with +job, +channel, +textprop and +timers.
# SPDX-License-Identifier: Apache-2.0

if exists('g:loaded_codestral')
  finish
endif
g:loaded_codestral = true

if !has('patch-9.0.0196') || !has('job') || !has('channel') || !has('textprop') || !has('timers')
  echomsg 'Codestral: Vim 9.0.0196 or newer with +job, +channel, +textprop and +timers is needed'
  finish
endif

import autoload 'codestral/ghost.vim'
import autoload 'codestral/server.vim'
import autoload 'codestral/commands.vim'

highlight default link CodestralGhost NonText

inoremap <silent> <Plug>(codestral-accept) <Cmd>call codestral#ghost#Accept()<CR>
inoremap <silent> <Plug>(codestral-accept-word) <Cmd>call codestral#ghost#AcceptWord()<CR>
inoremap <silent> <Plug>(codestral-accept-line) <Cmd>call codestral#ghost#AcceptLine()<CR>
inoremap <silent> <Plug>(codestral-dismiss) <Cmd>call codestral#ghost#Dismiss()<CR>
inoremap <silent> <Plug>(codestral-next) <Cmd>call codestral#ghost#Cycle(1)<CR>
inoremap <silent> <Plug>(codestral-previous) <Cmd>call codestral#ghost#Cycle(-1)<CR>
inoremap <silent> <Plug>(codestral-complete) <Cmd>call codestral#ghost#Complete()<CR>
# Undo has to stop before and behind an accepted text; only keys can tell it so.
inoremap <Plug>(codestral-undo-break) <C-G>u

# Map a key to something that is done while ghost text is shown; at other times the key does what it did.
def Map(key: string, action: string)
  if maparg(key, 'i') == ''
    execute $'imap <expr> <silent> {key} codestral#ghost#Visible("\{key}")'
      .. $' ? "\<Plug>(codestral-undo-break)\<Plug>({action})\<Plug>(codestral-undo-break)"'
      .. $' : "\{key}"'
  endif
enddef

def MapKeys()
  if !get(g:, 'codestral_no_maps', false)
    Map('<Tab>', 'codestral-accept')
    Map('<C-Right>', 'codestral-accept-word')
    Map('<C-Down>', 'codestral-accept-line')
    Map('<C-]>', 'codestral-dismiss')
  endif
enddef

command! CodestralExplain commands.Explain()
command! CodestralStats commands.Stats()
command! CodestralStatus commands.Status()
command! -nargs=? CodestralSnooze commands.Snooze(<q-args>)
command! CodestralToggle commands.Toggle()
command! -nargs=? -complete=customlist,codestral#commands#Backends CodestralBackend commands.Backend(<q-args>)
command! -range CodestralActions commands.Actions(<line1>, <line2>, <range>)
command! CodestralCancel commands.Cancel()
command! CodestralRestart server.Restart()

augroup codestral
  autocmd!
  autocmd FileType,BufEnter * server.Attach()
  autocmd TextChanged,TextChangedI,TextChangedP * ghost.TextChanged()
  autocmd InsertEnter * ghost.Entered()
  autocmd CursorMovedI,CompleteChanged,CompleteDone * ghost.Moved()
  autocmd InsertLeave,BufLeave * ghost.Dismiss()
  # Leaving by CTRL-C fires no InsertLeave.
  autocmd CursorMoved * ghost.Moved()
  autocmd BufWritePost * server.Saved()
  autocmd BufFilePre,BufDelete,BufWipeout,BufUnload * server.Detach(str2nr(expand('<abuf>')))
  autocmd BufFilePost * server.Attach()
  autocmd VimLeavePre * server.StopAll()
augroup END

if v:vim_did_enter
  MapKeys()
else
  autocmd codestral VimEnter * ++once MapKeys()
endif
