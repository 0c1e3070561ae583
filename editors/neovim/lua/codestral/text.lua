--- Texts, and places in them. Nothing here knows of buffers, but for 'tabstop' and 'iskeyword' of the current one.
local M = {}

local NEW = vim.fn.has('nvim-0.11') == 1

--- The byte column of a position that the server counts in its encoding.
--- @param line string
--- @param units integer
--- @param encoding string
--- @return integer
function M.byte_column(line, units, encoding)
  if encoding == 'utf-8' then
    return math.min(units, #line)
  end
  if NEW then
    return vim.str_byteindex(line, encoding, units, false)
  end
  local in_units16 = encoding == 'utf-16'
  local most32, most16 = vim.str_utfindex(line)
  return vim.str_byteindex(line, math.min(units, in_units16 and most16 or most32), in_units16)
end

--- @param text string
--- @return integer length in UTF-16 units
function M.utf16_length(text)
  if NEW then
    return vim.str_utfindex(text, 'utf-16')
  end
  local _, units = vim.str_utfindex(text)
  return units
end

--- The beginning of `text` that is accepted as its first line: the line breaks before it, and the line.
--- @param text string
--- @return string
function M.first_line(text)
  return text:match('^\n*[^\n]+') or text
end

local function characters(text)
  return vim.fn.split(text, [[\zs]])
end

--- The beginning of `text` that is accepted as its first word: line breaks, what is no word, and the word. A word
--- is a run of one kind of characters, so that it ends between kanji and kana as it does for the motion `w`.
--- @param text string
--- @return string
function M.first_word(text)
  local breaks = text:match('^\n*')
  local taken, class_of_word = { breaks }, nil
  for _, character in ipairs(characters(text:sub(#breaks + 1))) do
    local class = vim.fn.charclass(character)
    if character == '\n' or (class_of_word and class ~= class_of_word) then
      break
    end
    if class > 1 then
      class_of_word = class
    end
    taken[#taken + 1] = character
  end
  return table.concat(taken)
end

--- Where the characters of `replaced` are found in `text`, as far right as their order allows: for each the byte
--- offsets before and behind it. Nil if they are not all there.
--- @param text string
--- @param replaced string
--- @return { from: integer, to: integer, size: integer }[]?
function M.weave(text, replaced)
  local wanted, found = characters(replaced), {}
  local position = #text
  for index = #wanted, 1, -1 do
    local character = wanted[index]
    local from = position - #character
    while from >= 0 and text:sub(from + 1, from + #character) ~= character do
      from = from - 1
    end
    if from < 0 then
      return nil
    end
    found[index] = { from = from, to = from + #character, size = #character }
    position = from
  end
  return found
end

--- `text` with its tabs as the blanks that they are on a line that it continues at the display column `column`.
--- @param text string
--- @param column integer
--- @return string
function M.expand_tabs(text, column)
  local out, position = {}, column
  for piece, tab in text:gmatch('([^\t]*)(\t?)') do
    out[#out + 1] = piece
    position = position + vim.fn.strdisplaywidth(piece, position)
    if tab ~= '' then
      local width = vim.fn.strdisplaywidth('\t', position)
      out[#out + 1] = (' '):rep(width)
      position = position + width
    end
  end
  return table.concat(out)
end

return M
