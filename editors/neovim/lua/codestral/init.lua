--- Completions by codestral-lsp. This module is the public interface; `:help codestral` describes it.
local client_of = require('codestral.client')
local config = require('codestral.config')
local ghost_text = require('codestral.ghost_text')
local keys = require('codestral.keys')
local status = require('codestral.status')

local M = {}

local running

--- Starts everything. What is not given keeps its default.
--- @param options? table
function M.setup(options)
  if vim.fn.has('nvim-0.10') == 0 then
    return
  end
  if running then
    running.stop()
  end
  config.set(options)
  running = ghost_text.used()
  running.start()
  keys.set()
  client_of.start()
end

--- @return boolean whether setup() was called
function M.is_set_up()
  return running ~= nil
end

--- @return boolean whether the server serves the current buffer
function M.is_attached()
  return client_of.get(vim.api.nvim_get_current_buf()) ~= nil
end

--- @return boolean whether ghost text is on the screen
function M.visible()
  return ghost_text.used().visible()
end

--- Inserts the suggestion. False if there is none, as for the others.
--- @return boolean
function M.accept()
  return ghost_text.used().accept('all')
end

--- Inserts its first line.
--- @return boolean
function M.accept_line()
  return ghost_text.used().accept('line')
end

--- Inserts its first word.
--- @return boolean
function M.accept_word()
  return ghost_text.used().accept('word')
end

--- Shows the next suggestion, or asks for one.
--- @return boolean
function M.next()
  return ghost_text.used().cycle(1)
end

--- Shows the previous suggestion, or asks for one.
--- @return boolean
function M.previous()
  return ghost_text.used().cycle(-1)
end

--- Removes the ghost text until something is typed.
--- @return boolean
function M.dismiss()
  return ghost_text.used().dismiss()
end

--- No automatic suggestions for some minutes; 0 ends that.
--- @param minutes? number 10 by default
function M.snooze(minutes)
  minutes = minutes or 10
  M.clear()
  client_of.command('snooze', { minutes > 0 and minutes or vim.NIL })
end

--- Switches automatic suggestions off or on, in all buffers.
function M.toggle()
  M.clear()
  client_of.command('toggle', {})
end

--- Removes the ghost text, and takes back what is asked.
function M.clear()
  ghost_text.used().clear()
end

local function switch(on, buf)
  buf = (buf == nil or buf == 0) and vim.api.nvim_get_current_buf() or buf
  vim.b[buf].codestral = on
  M.clear()
  if client_of.get(buf) then
    ghost_text.attach(buf)
  elseif on then
    client_of.serve(buf)
  end
  vim.cmd.redrawstatus()
end

--- Suggestions in a buffer again, also where its filetype is none of the settings.
--- @param buf? integer the current one by default
function M.enable(buf)
  switch(true, buf)
end

--- No suggestions in a buffer.
--- @param buf? integer the current one by default
function M.disable(buf)
  switch(false, buf)
end

--- A short text for a statusline; empty where the server does not serve the current buffer.
--- @return string
function M.status()
  return status.text()
end

--- What the server said last of itself: state, backend, model, remote, message. Nil without a server.
--- @return codestral.Status?
function M.details()
  return status.latest
end

return M
