vim9script
# Text as it is shown and counted.
# SPDX-License-Identifier: Apache-2.0

# Text with spaces for tabs, as it looks from a column on; Vim shows a tab in virtual text as one space.
export def Untabbed(text: string, start: number): string
  if stridx(text, "\t") < 0
    return text
  endif
  var parts = split(text, "\t", true)
  var plain = parts[0]
  for part in parts[1 :]
    var column = start + strdisplaywidth(plain)
    plain ..= repeat(' ', &tabstop - column % &tabstop) .. part
  endfor
  return plain
enddef

# How many UTF-16 units a text has.
export def Units(text: string): number
  return str2list(text)->mapnew((_, character) => character > 0xffff ? 2 : 1)->reduce((sum, n) => sum + n, 0)
enddef
