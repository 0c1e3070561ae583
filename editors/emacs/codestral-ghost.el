;;; codestral-ghost.el --- Ghost text  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0
;; Package: codestral

;;; Commentary:

;; Asking for suggestions, showing one behind the cursor, and taking it.  Nothing here waits for the server.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'codestral-rpc)
(require 'codestral-document)
(require 'codestral-server)

(defcustom codestral-automatic t
  "Whether suggestions come as you type.
Otherwise they come by `codestral-complete'."
  :type 'boolean
  :group 'codestral)

(defcustom codestral-idle-delay 0.05
  "Seconds after a change until a suggestion is asked for.
The server waits by itself for a pause that fits your rhythm."
  :type 'number
  :group 'codestral)

(defcustom codestral-inhibit-functions
  '(codestral-menu-open-p codestral-busy-p codestral-evil-p)
  "Functions without arguments.
There is no ghost text while one of them returns non-nil."
  :type 'hook
  :group 'codestral)

(defface codestral-ghost '((t :inherit shadow))
  "Face of ghost text."
  :group 'codestral)

(cl-defstruct (codestral-ghost (:copier nil))
  "Suggestions for one place.
START is a marker, AFTER what stood behind it in its line.  ITEMS is a list of
`codestral-ghost-item's, INDEX is that of the one that is shown.  If COMPLETE,
these are all there are.  SHOWN are the indices of those that the server knows
to have been shown."
  start after items (index 0) complete shown)

(cl-defstruct (codestral-ghost-item (:copier nil))
  "One suggestion.
TEXT replaces as many characters behind its place as REPLACES tells; JSON is the
item as it came."
  text replaces json)

(defvar-local codestral-ghost--current nil
  "The `codestral-ghost' for the place of the cursor, or nil.")

(defvar-local codestral-ghost-visible nil
  "Non-nil while ghost text is shown.")

(defvar-local codestral-ghost--overlay nil
  "Shows the ghost text.")

(defvar-local codestral-ghost--timer nil
  "Will ask for a suggestion.")

(defvar-local codestral-ghost--pending nil
  "What is being asked: (SERVER ID POINT TICK), or nil.")

(defvar-local codestral-ghost--put-off nil
  "Non-nil if nothing was asked at this place because it was not the moment.")

(defvar-local codestral-ghost--seen nil
  "The text and the place after the last command: (TICK POINT).")

;;;; Asking

(defun codestral-ghost-after-command ()
  "Bring the ghost text in line with what the last command did.
Ask for a suggestion if it has changed the text."
  (let* ((tick (buffer-chars-modified-tick))
         (changed (not (eql tick (car codestral-ghost--seen)))))
    (when (or changed (not (eql (point) (cadr codestral-ghost--seen))))
      (setq codestral-ghost--seen (list tick (point)))
      (setq codestral-ghost--put-off nil)
      (codestral-ghost-cancel)
      (codestral-document-flush)
      (when (and changed codestral-automatic (not undo-in-progress)
                 (not (memq this-command '(undo undo-only undo-redo))))
        (codestral-ghost-schedule)))
    ;; Also without a change: a menu may have been opened or closed.
    (codestral-ghost-refresh)
    (unless (codestral-ghost--inhibited-p)
      (codestral-ghost--catch-up))))

(defun codestral-ghost--catch-up ()
  "Ask for the suggestion that could not be asked for before."
  (when codestral-ghost--put-off
    (setq codestral-ghost--put-off nil)
    (codestral-ghost-schedule)))

(add-hook 'codestral-server-ready-functions #'codestral-ghost--catch-up)

(defun codestral-ghost-schedule ()
  "Ask for a suggestion in a moment."
  (codestral-ghost-cancel)
  (setq codestral-ghost--timer
        (run-with-timer codestral-idle-delay nil #'codestral-ghost--ask-in (current-buffer))))

(defun codestral-ghost-cancel ()
  "Let nothing come of what is being asked, or is about to be."
  (when codestral-ghost--timer
    (cancel-timer codestral-ghost--timer)
    (setq codestral-ghost--timer nil))
  (pcase-let ((`(,server ,id) codestral-ghost--pending))
    (setq codestral-ghost--pending nil)
    (when server
      (codestral-rpc-cancel (codestral-server-connection server) id))))

(defun codestral-ghost--ask-in (buffer)
  "Ask for a suggestion in BUFFER, if one can be shown there."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (setq codestral-ghost--timer nil)
      (when (codestral-ghost--selected-p)
        (if (or (codestral-ghost--inhibited-p) (not (codestral-server-ready-current)))
            (setq codestral-ghost--put-off t)
          (codestral-ghost-ask))))))

(defun codestral-ghost-ask (&optional invoked on-items)
  "Ask for suggestions at the cursor; if INVOKED, because the user wants them.
ON-ITEMS is called with the list of items, instead of showing the first one."
  (when-let ((server (codestral-server-ready-current)))
    (codestral-ghost-cancel)
    (codestral-document-flush)
    (let ((buffer (current-buffer))
          (pending (list server nil (point) (buffer-chars-modified-tick))))
      (setq codestral-ghost--pending pending)
      (setf (cadr pending)
            (codestral-rpc-request
             (codestral-server-connection server) "textDocument/inlineCompletion"
             (append (codestral-document-params)
                     (list :position (codestral-document-position (point))
                           :context (list :triggerKind (if invoked 1 2))))
             (lambda (result) (codestral-ghost--answered buffer pending result invoked on-items))
             (lambda (_) (codestral-ghost--failed buffer pending)))))))

(defun codestral-ghost--failed (buffer pending)
  "Nothing comes of what was PENDING in BUFFER."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (when (eq codestral-ghost--pending pending)
        (setq codestral-ghost--pending nil)))))

(defun codestral-ghost--answered (buffer pending result invoked on-items)
  "Take RESULT, the answer to what was PENDING in BUFFER.
INVOKED and ON-ITEMS are as in `codestral-ghost-ask'."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (when (eq codestral-ghost--pending pending)
        (setq codestral-ghost--pending nil)
        (cond
         ;; Something has changed the text without a command, or the server has put it off.
         ((not (and (consp result) (equal (cddr pending) (list (point) (buffer-chars-modified-tick)))))
          (codestral-ghost-schedule))
         ((codestral-ghost--selected-p)
          (let ((items (codestral-ghost--items result)))
            (cond
             (on-items (funcall on-items items))
             (items (codestral-ghost-show items))
             (invoked (message "Codestral: no suggestion here"))))))))))

(defun codestral-ghost--items (result)
  "Return the items of RESULT that can be shown at the cursor."
  (let ((place (codestral-document-position (point)))
        (room (- (line-end-position) (point))))
    (delq nil
          (mapcar (lambda (json)
                    (let* ((text (plist-get json :insertText))
                           (end (codestral-rpc-get json :range :end))
                           (replaces (- (plist-get end :character) (plist-get place :character))))
                      (and (stringp text) (not (string-empty-p text))
                           (equal (codestral-rpc-get json :range :start) place)
                           (eql (plist-get end :line) (plist-get place :line))
                           (<= 0 replaces room)
                           (make-codestral-ghost-item :text text :replaces replaces :json json))))
                  (codestral-rpc-get result :items)))))

(defun codestral-ghost--selected-p ()
  "Return non-nil if the user is in the current buffer and can type there."
  (and (eq (current-buffer) (window-buffer (selected-window)))
       (not buffer-read-only)))

;;;; When there is none

(defun codestral-ghost--inhibited-p ()
  "Return non-nil while there is to be no ghost text."
  (run-hook-with-args-until-success 'codestral-inhibit-functions))

(defun codestral-menu-open-p ()
  "Return non-nil while a completion menu or another preview is shown."
  (or completion-in-region-mode
      (bound-and-true-p company-candidates)
      (bound-and-true-p completion-preview-active-mode)))

(defun codestral-busy-p ()
  "Return non-nil while a region is active, or several cursors, or a macro."
  (or (use-region-p)
      executing-kbd-macro
      (bound-and-true-p multiple-cursors-mode)))

(defun codestral-evil-p ()
  "Return non-nil in a state of Evil that types nothing."
  (and (bound-and-true-p evil-local-mode)
       (not (memq (bound-and-true-p evil-state) '(insert emacs replace)))))

;;;; Showing

(defun codestral-ghost-show (items &optional complete)
  "Show the first of ITEMS at the cursor.
If COMPLETE, these are all there are."
  (setq codestral-ghost--current
        (make-codestral-ghost :start (copy-marker (point))
                              :after (buffer-substring-no-properties (point) (line-end-position))
                              :items items :complete complete))
  (codestral-ghost-refresh))

(defun codestral-ghost-clear ()
  "Show no ghost text, and forget what was shown."
  (when codestral-ghost--current
    (set-marker (codestral-ghost-start codestral-ghost--current) nil)
    (setq codestral-ghost--current nil))
  (codestral-ghost--hide))

(defun codestral-ghost-refresh (&rest _)
  "Show what is left of the suggestion at the cursor.
That is nothing if what was typed does not follow it."
  (when codestral-ghost--current
    (pcase (codestral-ghost-rest)
      ('nil (codestral-ghost-clear))
      ((guard (codestral-ghost--inhibited-p)) (codestral-ghost--hide))
      (`(,text ,replaces) (codestral-ghost--display text replaces)))))

(defun codestral-ghost-rest (&optional index)
  "Return what is left to take of the suggestion, or nil if it does not fit.
It is a list: the text, and how many characters behind the cursor it replaces.
The suggestion is the one with INDEX, or the one that is shown."
  (when-let ((ghost codestral-ghost--current))
    (let* ((item (nth (or index (codestral-ghost-index ghost)) (codestral-ghost-items ghost)))
           (text (codestral-ghost-item-text item))
           (start (codestral-ghost-start ghost))
           (typed (- (point) start))
           (line (buffer-substring-no-properties (point) (line-end-position)))
           (added (- (length line) (length (codestral-ghost-after ghost)))))
      (and (< -1 typed (length text))
           (string-prefix-p (buffer-substring-no-properties start (point)) text)
           ;; Typing a bracket may have put its closer behind the cursor, which the suggestion has itself.
           (<= 0 added)
           (string-suffix-p (codestral-ghost-after ghost) line)
           (string-match-p "\\`[])}>\"'`]*\\'" (substring line 0 added))
           (list (substring text typed) (+ added (codestral-ghost-item-replaces item)))))))

(defun codestral-ghost--display (text count)
  "Show TEXT at the cursor in place of COUNT characters behind it."
  (let ((end (+ (point) count))
        ;; The cursor can stay on a space, but not on an end of line.
        (shown (propertize (if (string-prefix-p "\n" text) (concat " " text) text)
                           'face 'codestral-ghost)))
    (put-text-property 0 1 'cursor 1 shown)
    (if codestral-ghost--overlay
        (move-overlay codestral-ghost--overlay (point) end)
      (setq codestral-ghost--overlay (make-overlay (point) end))
      (overlay-put codestral-ghost--overlay 'codestral t)
      (overlay-put codestral-ghost--overlay 'priority 1000))
    (overlay-put codestral-ghost--overlay 'window (selected-window))
    (overlay-put codestral-ghost--overlay 'display (and (> count 0) shown))
    (overlay-put codestral-ghost--overlay 'after-string (and (= count 0) shown))
    (setq codestral-ghost-visible t)
    (codestral-ghost--tell-shown)))

(defun codestral-ghost--hide ()
  "Show nothing, and keep what can be shown again."
  (setq codestral-ghost-visible nil)
  (when codestral-ghost--overlay
    (delete-overlay codestral-ghost--overlay)))

(defun codestral-ghost-refresh-selected (&rest _)
  "Refresh the ghost text where the user is.
A completion menu was opened or closed without a command."
  (with-current-buffer (window-buffer (selected-window))
    (when codestral-ghost--current
      (codestral-ghost-refresh))
    (unless (codestral-ghost--inhibited-p)
      (codestral-ghost--catch-up))))

(add-hook 'completion-in-region-mode-hook #'codestral-ghost-refresh-selected)
(defvar company-completion-started-hook)
(add-hook 'company-completion-started-hook #'codestral-ghost-refresh-selected)
(defvar company-after-completion-hook)
(add-hook 'company-after-completion-hook #'codestral-ghost-refresh-selected)

;;;; Telling

(defun codestral-ghost--item ()
  "Return the item that is shown."
  (nth (codestral-ghost-index codestral-ghost--current) (codestral-ghost-items codestral-ghost--current)))

(defun codestral-ghost--tell-shown ()
  "Tell the server once that the item is shown."
  (let ((ghost codestral-ghost--current))
    (unless (memq (codestral-ghost-index ghost) (codestral-ghost-shown ghost))
      (push (codestral-ghost-index ghost) (codestral-ghost-shown ghost))
      (when-let ((server (codestral-server-ready-current)))
        (codestral-rpc-notify (codestral-server-connection server) "textDocument/didShowCompletion"
                              (list :item (codestral-ghost-item-json (codestral-ghost--item))))))))

(defun codestral-ghost--tell-taken (json length)
  "Tell the server that the item JSON was taken.
If there is a LENGTH, that many characters of it were."
  (codestral-document-flush)
  (when-let ((server (codestral-server-ready-current)))
    (let ((command (codestral-rpc-get json :command :command))
          (text (plist-get json :insertText)))
      (cond
       (length
        (codestral-rpc-notify (codestral-server-connection server) "textDocument/didPartiallyAcceptCompletion"
                              (list :item json
                                    :acceptedLength (codestral-ghost--units (substring text 0 length)))))
       (command
        (codestral-server-execute server command (append (codestral-rpc-get json :command :arguments) nil)
                                  #'ignore))))))

(defun codestral-ghost--units (text)
  "Return the length of TEXT in UTF-16 units."
  (+ (length text) (cl-count-if (lambda (character) (> character #xffff)) text)))

;;;; Taking

(defun codestral-ghost-take (&optional beginning)
  "Insert the ghost text, as one step to undo.
If there is a BEGINNING, insert what that regular expression matches of it.
Return nil if there is no ghost text."
  (pcase (and codestral-ghost-visible (codestral-ghost-rest))
    (`(,text ,replaces)
     (let* ((json (codestral-ghost-item-json (codestral-ghost--item)))
            (length (if (and beginning (string-match beginning text)) (match-end 0) (length text)))
            (whole (= length (length text)))
            (typed (- (point) (codestral-ghost-start codestral-ghost--current))))
       (barf-if-buffer-read-only)
       (undo-boundary)
       (when whole
         (codestral-ghost-clear)
         (delete-region (point) (+ (point) replaces)))
       (insert (substring text 0 length))
       (codestral-ghost--tell-taken json (unless whole (+ typed length)))
       t))))

(defun codestral-ghost-cycle (step)
  "Show the suggestion that is STEP further in the list.
Ask for all of them first if that was not done."
  (cond
   ((not codestral-ghost--current) (codestral-ghost-ask t))
   ((codestral-ghost-complete codestral-ghost--current) (codestral-ghost--move step))
   (t (codestral-ghost--ask-for-others step t))))

(defun codestral-ghost--ask-for-others (step again)
  "Ask for all suggestions, and show the one that is STEP further than the shown.
If AGAIN and there are no others, ask once more: the first time the server may
answer with what it has while it begins to make others."
  (let ((shown (car (codestral-ghost-rest))))
    (codestral-ghost-ask
     t (lambda (items)
         (let ((index (cl-position shown items :key #'codestral-ghost-item-text :test #'equal)))
           (cond
            ((and again (null (if index (cdr items) items)))
             (codestral-ghost--ask-for-others step nil))
            (items
             (codestral-ghost-show items t)
             (when index
               (setf (codestral-ghost-index codestral-ghost--current) index)
               (codestral-ghost--move step)))))))))

(defun codestral-ghost--move (step)
  "Show the next suggestion that fits, in the direction of STEP."
  (let* ((ghost codestral-ghost--current)
         (count (length (codestral-ghost-items ghost)))
         (index (codestral-ghost-index ghost)))
    (cl-loop repeat count
             do (setq index (mod (+ index step) count))
             until (codestral-ghost-rest index))
    (if (eql index (codestral-ghost-index ghost))
        (message "Codestral: there is no other suggestion")
      (setf (codestral-ghost-index ghost) index))
    (codestral-ghost-refresh)))

(provide 'codestral-ghost)
;;; codestral-ghost.el ends here
