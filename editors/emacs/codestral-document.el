;;; codestral-document.el --- Keep a language server's copy of a buffer the same  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0
;; Package: codestral

;;; Commentary:

;; Positions are lines and characters, both from 0: the encoding utf-32 of LSP.  For that the server's copy
;; must have as many characters in each line as the buffer.  Changes are collected as they are made and sent
;; by `codestral-document-flush'; where what was collected cannot be right, the whole text is sent.

;;; Code:

(require 'cl-lib)

(defconst codestral-document--most-changes 100
  "So many changes are sent one by one; of more, the whole text is shorter.")

(defconst codestral-document--unsendable
  (rx (or "\r" (any (#xd800 . #xdfff)) (not (any (0 . #x10ffff)))))
  "Ends of line that are none in Emacs, and what is not Unicode, such as raw bytes.")

(defvar-local codestral-document-send nil
  "The function that sends a notification about the buffer.
It takes a method and parameters, and is nil while the document is not open in
the server.")

(defvar-local codestral-document-uri nil
  "The buffer's URI in the server.")

(defvar-local codestral-document-version 0
  "The version of the text that the server has.")

(defvar-local codestral-document--changes nil
  "The changes that the server has not got, the last one first.
Or t: it has to get the whole text.")

(defvar-local codestral-document--before nil
  "What is about to be changed: (BEG END START-POSITION END-POSITION).")

(defvar-local codestral-document--size 0
  "How many characters the buffer has after the changes that are known.")

(defvar-local codestral-document--tick 0
  "The buffer's tick after the changes that are known.")

(defun codestral-document-open (send uri language)
  "Open the current buffer in the server as URI in LANGUAGE, by the function SEND."
  (setq codestral-document-send send
        codestral-document-uri uri
        codestral-document-version (1+ codestral-document-version)
        codestral-document--changes nil
        codestral-document--before nil
        codestral-document--size (buffer-size)
        codestral-document--tick (buffer-chars-modified-tick))
  (add-hook 'before-change-functions #'codestral-document--before-change nil t)
  (add-hook 'after-change-functions #'codestral-document--after-change nil t)
  (funcall send "textDocument/didOpen"
           (list :textDocument (list :uri uri :languageId language :version codestral-document-version
                                     :text (codestral-document--whole-text)))))

(defun codestral-document-close (&optional quietly)
  "Close the current buffer in the server.
If QUIETLY, the server has ended and is not told."
  (remove-hook 'before-change-functions #'codestral-document--before-change t)
  (remove-hook 'after-change-functions #'codestral-document--after-change t)
  (when (and codestral-document-send (not quietly))
    (funcall codestral-document-send "textDocument/didClose" (codestral-document-params)))
  (setq codestral-document-send nil))

(defun codestral-document-saved ()
  "Tell the server that the current buffer was saved."
  (when codestral-document-send
    (codestral-document-flush)
    (funcall codestral-document-send "textDocument/didSave" (codestral-document-params))))

(defun codestral-document-flush ()
  "Send what is new in the current buffer to the server."
  (when codestral-document-send
    (codestral-document--expect-no-other)
    (unless (= codestral-document--size (buffer-size))
      (setq codestral-document--changes t))
    (when codestral-document--changes
      (let ((events (if (listp codestral-document--changes)
                        (vconcat (reverse codestral-document--changes))
                      (vector (list :text (codestral-document--whole-text))))))
        (setq codestral-document--changes nil
              codestral-document--size (buffer-size)
              codestral-document--tick (buffer-chars-modified-tick)
              codestral-document-version (1+ codestral-document-version))
        (funcall codestral-document-send "textDocument/didChange"
                 (list :textDocument (list :uri codestral-document-uri :version codestral-document-version)
                       :contentChanges events))))))

(defun codestral-document-forget-changes ()
  "Have the whole text of the current buffer sent the next time."
  (setq codestral-document--changes t))

(defun codestral-document-params ()
  "Return the parameters that say which document is meant."
  (list :textDocument (list :uri codestral-document-uri)))

(defun codestral-document-position (point)
  "Return the LSP position of POINT in the current buffer."
  (save-restriction
    (widen)
    (save-excursion
      (goto-char point)
      (let ((inhibit-field-text-motion t))
        (list :line (1- (line-number-at-pos point t))
              :character (- point (line-beginning-position)))))))

(defun codestral-document-point (position)
  "Return the place in the current, widened buffer that the LSP POSITION means."
  (save-excursion
    (goto-char (point-min))
    (let ((inhibit-field-text-motion t))
      (if (zerop (forward-line (plist-get position :line)))
          (min (+ (point) (plist-get position :character)) (line-end-position))
        (point-max)))))

(defun codestral-document--text (beg end)
  "Return the text from BEG to END as the server gets it.
It has as many characters, all of them Unicode."
  (let ((text (string-to-multibyte (buffer-substring-no-properties beg end))))
    (if (string-match-p codestral-document--unsendable text)
        ;; Not by `aset', which moves all that is behind a character of another length.
        (concat (mapcar #'codestral-document--sendable text))
      text)))

(defun codestral-document--sendable (character)
  "Return what stands for CHARACTER in the server's text."
  (cond ((eq character ?\r) ?\s)
        ((or (<= #xd800 character #xdfff) (> character #x10ffff)) ?\N{REPLACEMENT CHARACTER})
        (t character)))

(defun codestral-document--whole-text ()
  "Return the whole text of the current buffer."
  (save-restriction
    (widen)
    (codestral-document--text (point-min) (point-max))))

(defun codestral-document--expect-no-other ()
  "Have the whole text sent if something has changed it behind the hooks' back.
An indirect buffer does, whose hooks are its own."
  (unless (= codestral-document--tick (buffer-chars-modified-tick))
    (setq codestral-document--changes t)))

(defun codestral-document--before-change (beg end)
  "Keep where the text from BEG to END, which is about to be changed, is."
  (codestral-document--expect-no-other)
  (setq codestral-document--before
        (and (listp codestral-document--changes)
             (list beg end (codestral-document-position beg) (codestral-document-position end)))))

(defun codestral-document--after-change (beg end length)
  "Keep the change that has made the text from BEG to END.
There were LENGTH characters before."
  (cl-incf codestral-document--size (- end beg length))
  (setq codestral-document--tick (buffer-chars-modified-tick))
  (pcase-let ((`(,before-beg ,before-end ,start-position ,end-position) codestral-document--before))
    (setq codestral-document--before nil)
    (if (and (listp codestral-document--changes)
             (< (length codestral-document--changes) codestral-document--most-changes)
             (eql before-beg beg)
             (eql before-end (+ beg length)))
        (push (list :range (list :start start-position :end end-position)
                    :text (save-restriction (widen) (codestral-document--text beg end)))
              codestral-document--changes)
      ;; Some primitives announce more than they change.
      (setq codestral-document--changes t))))

(provide 'codestral-document)
;;; codestral-document.el ends here
