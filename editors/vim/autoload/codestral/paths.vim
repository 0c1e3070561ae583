vim9script
# Paths of files, as URIs, and the project that a file belongs to.
# SPDX-License-Identifier: Apache-2.0

const ROOT_MARKERS = ['.git', '.hg', 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml']

# The folder of the project of a buffer, or nothing.
export def Root(bufnr: number): string
  var folder = fnamemodify(bufname(bufnr), ':p:h')
  for marker in ROOT_MARKERS
    var found = finddir(marker, escape(folder, ' ,;') .. ';')
    if found == ''
      found = findfile(marker, escape(folder, ' ,;') .. ';')
    endif
    if found != ''
      return resolve(fnamemodify(substitute(fnamemodify(found, ':p'), '/$', '', ''), ':h'))
    endif
  endfor
  return ''
enddef

export def Uri(path: string): string
  var encoded = substitute(path, '[^A-Za-z0-9/_.~-]', (m) => Percent(m[0]), 'g')
  return 'file://' .. (encoded =~ '^/' ? '' : '/') .. encoded
enddef

def Percent(character: string): string
  return map(range(strlen(character)), (_, i) => printf('%%%02X', char2nr(strpart(character, i, 1), false)))
    ->join('')
enddef

# The path that a URI names, or nothing if it names none.
export def Path(uri: string): string
  if uri !~ '^file:///'
    return ''
  endif
  return substitute(strpart(uri, 7), '%\(\x\x\)', (m) => list2blob([str2nr(m[1], 16)])->BlobText(), 'g')
    ->substitute('^/\ze\a:', '', '')
enddef

def BlobText(bytes: blob): string
  # A byte of a longer character: strings are bytes, and the others follow.
  return eval('"\x' .. printf('%02x', bytes[0]) .. '"')
enddef
