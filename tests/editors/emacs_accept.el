;;; emacs_accept.el --- Accept ghost text in many files, in batch mode  -*- lexical-binding: t -*-
;; Environment: SERVER (a JSON array: the command), CASES (the file `cases.json', beside the files themselves).
;; Each file is opened, the suggestion at the case's place is accepted by the key for it, undone and accepted
;; again, and the file is saved.
(require 'codestral)
(setq codestral-command (append (json-parse-string (getenv "SERVER")) nil)
      make-backup-files nil
      create-lockfiles nil
      auto-save-default nil
      require-final-newline nil
      mode-require-final-newline nil
      vc-handled-backends nil
      inhibit-message t)
(global-codestral-mode)

(defun wait-until (condition what)
  "Wait until the function CONDITION returns non-nil; WHAT is expected then."
  (with-timeout (30 (error "%s did not happen" what))
    (while (not (funcall condition))
      (accept-process-output nil 0.01))))

(defun press (keys)
  "Do what KEYS are bound to here, as the command loop does."
  (let ((command (key-binding (kbd keys))))
    (setq this-command command)
    (run-hooks 'pre-command-hook)
    (call-interactively command)
    (run-hooks 'post-command-hook)
    (undo-boundary)))

(defun accept (case)
  "Accept the suggestion of CASE in the current buffer, which is as it was on disk."
  (goto-char (point-min))
  (forward-line (gethash "line" case))
  (forward-char (gethash "column" case))
  (codestral-ghost-ask)
  (wait-until (lambda () codestral-ghost-visible) (gethash "name" case))
  (press "TAB"))

(let ((folder (file-name-directory (getenv "CASES")))
      (cases (with-temp-buffer
               (insert-file-contents (getenv "CASES"))
               (json-parse-buffer :null-object nil))))
  (seq-doseq (case cases)
    (switch-to-buffer (find-file-noselect (expand-file-name (gethash "name" case) folder)))
    (unless codestral-mode (codestral-mode))
    (buffer-enable-undo)
    (wait-until #'codestral-server-ready-current "the start")
    (let ((before (buffer-string)))
      (accept case)
      (primitive-undo 1 (if (car buffer-undo-list) buffer-undo-list (cdr buffer-undo-list)))
      (unless (equal before (buffer-string)) (error "%s: not undone" (gethash "name" case)))
      (codestral-document-flush)
      (accept case)
      (save-buffer)
      (kill-buffer))))
;;; emacs_accept.el ends here
