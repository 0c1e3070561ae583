vim9script
# Questions that a server has to the user.
# SPDX-License-Identifier: Apache-2.0

# Have the user write one of some answers; returns it, or nothing for anything else.
export def Ask(question: string, answers: list<string>): string
  # It may come while somebody types: confirm() would take the next letter for an answer.
  inputsave()
  var written = ''
  try
    written = input($"{question} ({join(answers, ' / ')}): ")
  catch /^Vim:Interrupt$/
  finally
    inputrestore()
  endtry
  var place = index(answers, trim(written), 0, true)
  return place < 0 ? '' : answers[place]
enddef
