;;; codestral.el --- Inline completion from codestral-lsp  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: convenience, languages, tools

;;; Commentary:

;; Ghost text and code actions from codestral-lsp, a language server for local and hosted code models:
;;
;;   (require 'codestral)
;;   (global-codestral-mode)
;;
;; A server of its own runs for each project, beside whatever Eglot or lsp-mode run.  While ghost text is
;; shown, TAB takes it; the other keys are in `codestral-ghost-map'.

;;; Code:

(require 'seq)
(require 'codestral-rpc)
(require 'codestral-document)
(require 'codestral-edit)
(require 'codestral-server)
(require 'codestral-ghost)

(declare-function flymake-diagnostics "flymake" (&optional beg end))
(declare-function flymake-diagnostic-beg "flymake" (diag))
(declare-function flymake-diagnostic-end "flymake" (diag))
(declare-function flymake-diagnostic-text "flymake" (diag))
(declare-function flymake-diagnostic-type "flymake" (diag))

(defvar codestral-ghost-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "TAB") #'codestral-accept)
    (define-key map (kbd "<tab>") #'codestral-accept)
    (define-key map [remap forward-word] '(menu-item "" codestral-accept-word :filter codestral--at-end))
    (define-key map [remap right-word] '(menu-item "" codestral-accept-word :filter codestral--at-end))
    (define-key map [remap move-end-of-line] '(menu-item "" codestral-accept-line :filter codestral--at-end))
    (define-key map (kbd "M-n") #'codestral-next)
    (define-key map (kbd "M-p") #'codestral-previous)
    (define-key map [remap keyboard-quit] #'codestral-dismiss)
    map)
  "Keys while ghost text is shown.
Those that move over words and to the end of the line take that much of it where
there is nothing to move over: at the end of a line, or before closing brackets.")

(defvar codestral--emulation-alist
  `((codestral-ghost-visible . ,codestral-ghost-map))
  "Puts the keymap before those of other minor modes.")

(defconst codestral--word
  (rx bos (* (any " \t\n")) (or (+ (any alnum "_")) (+ (not (any alnum "_ \t\n"))) eos))
  "What `codestral-accept-word' takes.")

(defconst codestral--line
  (rx bos (* (any "\n")) (+ (not (any "\n"))))
  "What `codestral-accept-line' takes.")

(defun codestral--at-end (command)
  "Return COMMAND if the cursor is at the end of its line, but for closers."
  (and (looking-at-p "[])}>\"'`,;]*$") command))

;;;; Modes

;;;###autoload
(define-minor-mode codestral-mode
  "Show suggestions from codestral-lsp as ghost text."
  :lighter (:eval (codestral--lighter))
  (if codestral-mode
      (if (and buffer-file-name (file-remote-p buffer-file-name))
          (progn
            (setq codestral-mode nil)
            (message "Codestral: remote files are not served"))
        (add-to-list 'emulation-mode-map-alists 'codestral--emulation-alist)
        (add-hook 'post-command-hook #'codestral-ghost-after-command nil t)
        (add-hook 'after-save-hook #'codestral-document-saved nil t)
        (add-hook 'after-revert-hook #'codestral-document-forget-changes nil t)
        (add-hook 'after-set-visited-file-name-hook #'codestral--reopen nil t)
        (add-hook 'kill-buffer-hook #'codestral--leave nil t)
        (add-hook 'change-major-mode-hook #'codestral--leave nil t)
        (add-hook 'clone-indirect-buffer-hook #'codestral--part nil t)
        ;; Nothing is suggested before something is typed.
        (setq codestral-ghost--seen (list (buffer-chars-modified-tick) (point)))
        (unless codestral-document-send
          (codestral-server-attach)))
    (codestral--leave)))

(defun codestral--leave ()
  "Leave no trace of `codestral-mode' in the current buffer."
  (remove-hook 'post-command-hook #'codestral-ghost-after-command t)
  (remove-hook 'after-save-hook #'codestral-document-saved t)
  (remove-hook 'after-revert-hook #'codestral-document-forget-changes t)
  (remove-hook 'after-set-visited-file-name-hook #'codestral--reopen t)
  (remove-hook 'kill-buffer-hook #'codestral--leave t)
  (remove-hook 'change-major-mode-hook #'codestral--leave t)
  (codestral-ghost-cancel)
  (codestral-ghost-clear)
  (codestral-server-detach))

(defun codestral--reopen ()
  "Open the current buffer anew in the server: it has another name."
  (codestral-mode -1)
  (codestral-mode))

(defun codestral--part ()
  "Turn `codestral-mode' off in a clone: what it knows belongs to the other buffer."
  (mapc #'kill-local-variable
        '(codestral-document-send codestral-server--current codestral-ghost--current codestral-ghost-visible
          codestral-ghost--overlay codestral-ghost--timer codestral-ghost--pending))
  (remove-overlays (point-min) (point-max) 'codestral t)
  (codestral-mode -1))

;;;###autoload
(define-globalized-minor-mode global-codestral-mode codestral-mode codestral--turn-on
  :group 'codestral
  :predicate '(prog-mode conf-mode yaml-mode yaml-ts-mode html-mode))

(defun codestral--turn-on ()
  "Turn `codestral-mode' on in a buffer of a file on this machine."
  (when (and buffer-file-name (not (file-remote-p buffer-file-name)))
    (codestral-mode 1)))

(defun codestral--lighter ()
  "Return the text for the mode line."
  (let* ((server (codestral-server-current))
         (status (and server (codestral-server-status server)))
         (mark (cond
                ((not server) "!")
                ((not codestral-document-send) "...")
                ((codestral-server-tokens server) "*")
                (t (pcase (codestral-rpc-get status :state)
                     ("working" "*")
                     ("snoozed" "(snoozed)")
                     ("off" "(off)")
                     ("unavailable" "!")
                     (_ ""))))))
    (propertize (concat " Codestral" mark)
                'help-echo (or (codestral-rpc-get status :message) "Codestral"))))

;;;; Ghost text

(defun codestral-complete ()
  "Ask for a suggestion here."
  (interactive "*")
  (codestral-server-or-lose)
  (codestral-ghost-ask t))

(defun codestral-accept ()
  "Insert the ghost text."
  (interactive "*")
  (or (codestral-ghost-take) (user-error "There is no ghost text")))

(defun codestral-accept-word ()
  "Insert the next word of the ghost text."
  (interactive "*")
  (or (codestral-ghost-take codestral--word) (user-error "There is no ghost text")))

(defun codestral-accept-line ()
  "Insert the ghost text to the end of its line, or its next line."
  (interactive "*")
  (or (codestral-ghost-take codestral--line) (user-error "There is no ghost text")))

(defun codestral-next ()
  "Show another suggestion for this place."
  (interactive)
  (codestral-server-or-lose)
  (codestral-ghost-cycle 1))

(defun codestral-previous ()
  "Show the suggestion for this place that was shown before."
  (interactive)
  (codestral-server-or-lose)
  (codestral-ghost-cycle -1))

(defun codestral-dismiss ()
  "Show no suggestion for this place."
  (interactive)
  (codestral-ghost-cancel)
  (codestral-ghost-clear))

;;;; Commands of the server

(defun codestral--execute (command arguments on-result)
  "Have the server execute COMMAND with ARGUMENTS.
ON-RESULT is called with the result."
  (codestral-server-execute (codestral-server-or-lose) command arguments on-result))

(defun codestral--call (method params)
  "Return the result of the request METHOD with PARAMS.
An error is the user's to see."
  (let ((connection (codestral-server-connection (codestral-server-or-lose))))
    (codestral-document-flush)
    (condition-case problem
        (codestral-rpc-call connection method params 5)
      (codestral-rpc-error (user-error "Codestral: %s" (cadr problem))))))

(defun codestral--show-page (name result)
  "Show the page in RESULT in a buffer with NAME."
  (let ((text (codestral-rpc-get result :markdown)))
    (with-current-buffer (get-buffer-create (format "*codestral %s*" name))
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert (or text (pp-to-string result)))
        (goto-char (point-min))
        (if (fboundp 'gfm-view-mode) (funcall 'gfm-view-mode) (special-mode)))
      (pop-to-buffer (current-buffer)))))

(defun codestral-explain ()
  "Show what became of the last requests, and why nothing was shown."
  (interactive)
  (codestral--execute "codestral.explain" nil (lambda (result) (codestral--show-page "explain" result))))

(defun codestral-stats ()
  "Show this session's figures."
  (interactive)
  (codestral--execute "codestral.stats" nil (lambda (result) (codestral--show-page "stats" result))))

(defun codestral-toggle ()
  "Turn automatic suggestions off or on, in this project."
  (interactive)
  (codestral-dismiss)
  (codestral--execute "codestral.toggle" nil #'ignore))

(defun codestral-snooze (minutes)
  "Pause automatic suggestions in this project for MINUTES.
Without a prefix argument it is ten minutes; 0 ends the pause."
  (interactive "P")
  (let ((number (if minutes (prefix-numeric-value minutes) 10)))
    (codestral-dismiss)
    (codestral--execute "codestral.snooze" (list (if (> number 0) number :null))
                        (lambda (_)
                          (message (if (> number 0) "Codestral: no suggestions for %d minutes"
                                     "Codestral: suggestions are back")
                                   number)))))

(defun codestral-status ()
  "Tell what serves this buffer."
  (interactive)
  (codestral--execute "codestral.status" nil #'codestral--tell-status))

(defun codestral--tell-status (status)
  "Show STATUS, the result of the command codestral.status."
  (message "codestral-lsp %s: %s, %s%s"
           (codestral-rpc-get status :version)
           (or (codestral-rpc-get status :state) "running")
           (or (codestral-rpc-get status :backend :name) "no backend")
           (if-let ((text (codestral-rpc-get status :message)))
               (if (string-empty-p text) "" (concat ". " text))
             "")))

(defun codestral-backend ()
  "Choose the backend that is asked first in this project until the server ends."
  (interactive)
  (let* ((status (codestral--call "workspace/executeCommand" '(:command "codestral.status" :arguments [])))
         (names (mapcar (lambda (backend) (codestral-rpc-get backend :name))
                        (codestral-rpc-get status :backends)))
         (automatic "as in the settings")
         (choice (completing-read "Backend: " (append names (list automatic)) nil t)))
    (unless (string-empty-p choice)
      (codestral--execute "codestral.backend" (list (if (equal choice automatic) :null choice))
                          #'codestral--tell-status))))

(defun codestral-restart ()
  "Start the servers anew, with the settings as they are now."
  (interactive)
  (codestral-server-forget-failures)
  (mapc #'codestral-server-stop (codestral-server-all))
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when codestral-mode
        (codestral-ghost-clear)
        (codestral-server-attach)))))

(defun codestral-show-log ()
  "Show what the server has written to standard error."
  (interactive)
  (pop-to-buffer (get-buffer-create " *codestral stderr*")))

;;;; Code actions

(defun codestral-actions (beg end)
  "Choose a code action for the region from BEG to END and have it done.
Without a region it is for the cursor's place."
  (interactive (if (use-region-p) (list (region-beginning) (region-end)) (list (point) (point))))
  (barf-if-buffer-read-only)
  (codestral-dismiss)
  (let* ((actions (append (codestral--call "textDocument/codeAction" (codestral--action-params beg end)) nil))
         (titles (mapcar (lambda (action) (plist-get action :title)) actions))
         (title (if titles
                    (completing-read "Action: " titles nil t)
                  (user-error "Codestral: there is nothing to do here")))
         (action (seq-find (lambda (action) (equal (plist-get action :title) title)) actions))
         (arguments (append (codestral-rpc-get action :command :arguments) nil)))
    (when (equal (codestral-rpc-get (car arguments) :action) "edit")
      (setf (car arguments) (append (list :instruction (read-string "What is to be done: ")) (car arguments))))
    (when action
      (codestral--execute (codestral-rpc-get action :command :command) arguments #'ignore))))

(defun codestral-cancel ()
  "Give up the code actions that are being done."
  (interactive)
  (when (zerop (codestral-server-cancel-progress (codestral-server-or-lose)))
    (message "Codestral: nothing is being done")))

(defun codestral--action-params (beg end)
  "Return the parameters of a request for the code actions from BEG to END."
  (append (codestral-document-params)
          (list :range (list :start (codestral-document-position beg) :end (codestral-document-position end))
                :context (list :diagnostics (codestral--diagnostics beg end) :triggerKind 1))))

(defun codestral--diagnostics (beg end)
  "Return the diagnostics of Flymake for the lines from BEG to END."
  (vconcat
   (when (bound-and-true-p flymake-mode)
     (mapcar (lambda (diagnostic)
               (list :range (list :start (codestral-document-position (flymake-diagnostic-beg diagnostic))
                                  :end (codestral-document-position (flymake-diagnostic-end diagnostic)))
                     :message (substring-no-properties (flymake-diagnostic-text diagnostic))
                     :severity (if (memq (flymake-diagnostic-type diagnostic) '(:error eglot-error)) 1 2)))
             (flymake-diagnostics (save-excursion (goto-char beg) (line-beginning-position))
                                  (save-excursion (goto-char end) (line-end-position)))))))

(provide 'codestral)
;;; codestral.el ends here
