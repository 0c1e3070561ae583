--- Requests for ghost text: one at a time, and only answers for the place that the cursor is still at.
local client_of = require('codestral.client')
local config = require('codestral.config')

local M = {}

local api, uv = vim.api, vim.uv
local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2
--- How often a place is asked for anew after the server has dropped a request as superseded.
local MOST_REPEATS = 2

--- @class codestral.Pending
--- @field place string
--- @field client? vim.lsp.Client
--- @field id? integer

local timer = assert(uv.new_timer())
--- @type codestral.Pending?
local pending
local asked_place = ''

--- The text and the cursor that an answer is for.
--- @return string
function M.place()
  local buf, cursor = api.nvim_get_current_buf(), api.nvim_win_get_cursor(0)
  return ('%d:%d:%d:%d'):format(buf, api.nvim_buf_get_changedtick(buf), cursor[1], cursor[2])
end

--- Takes back what is asked.
function M.cancel()
  timer:stop()
  local running = pending
  pending = nil
  if running and running.id then
    client_of.cancel(running.client, running.id)
  end
end

--- Takes back what is asked, and lets the same place be asked for again.
function M.forget()
  M.cancel()
  asked_place = ''
end

--- Takes back what is asked for another place than the cursor's.
function M.cancel_elsewhere()
  if pending and pending.place ~= M.place() then
    M.cancel()
  end
end

local function in_insert_mode()
  return vim.fn.mode(1):sub(1, 1) == 'i'
end

local function send(place, kind, repeats, on_items)
  local buf = api.nvim_get_current_buf()
  local client = client_of.get(buf)
  if not client or not client.initialized or not in_insert_mode() then
    pending = nil
    return
  end
  local mine = { place = place, client = client }
  pending = mine
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local sent, id = client_of.request(client, METHOD, params, function(problem, result)
    if pending ~= mine then
      return
    end
    pending = nil
    if problem or not in_insert_mode() or M.place() ~= place then
      return
    end
    if type(result) == 'table' then
      on_items(result.items or result, client.offset_encoding)
    elseif repeats < MOST_REPEATS then
      send(place, kind, repeats + 1, on_items)
    end
  end, buf)
  if pending == mine then
    mine.id = sent and id or nil
  end
end

--- Asks for the cursor's place once the typing has paused, unless that was done already. `on_items` gets the items
--- and the encoding of their positions.
--- @param on_items fun(items: table[], encoding: string)
function M.while_typing(on_items)
  local place = M.place()
  if place == asked_place then
    return
  end
  M.cancel()
  asked_place = place
  local mine = { place = place }
  pending = mine
  timer:start(
    config.options.delay_ms,
    0,
    vim.schedule_wrap(function()
      if pending == mine and M.place() == place then
        send(place, AUTOMATIC, 0, on_items)
      elseif pending == mine then
        pending = nil
      end
    end)
  )
end

--- Asks at once, for several suggestions.
--- @param on_items fun(items: table[], encoding: string)
function M.by_hand(on_items)
  M.cancel()
  asked_place = M.place()
  send(asked_place, INVOKED, 0, on_items)
end

return M
