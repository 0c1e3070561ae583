;;; eglot.el --- Complete once in a file through Eglot, in batch mode  -*- lexical-binding: t -*-
;; Environment: SERVER (a JSON array: the command), FILE (the file to complete in), MARK (text the cursor goes
;; behind), OUTPUT (where the buffer is written afterwards).
(package-initialize)
(require 'eglot)
(require 'json)
(setq eglot-confirm-server-initiated-edits nil
      eglot-sync-connect 30
      eglot-connect-timeout 30
      make-backup-files nil
      create-lockfiles nil)
(let ((command (append (json-parse-string (getenv "SERVER")) nil)))
  (setq eglot-server-programs (list (cons 'python-mode command)))
  (find-file (getenv "FILE"))
  (python-mode)
  (apply #'eglot--connect (eglot--guess-contact))
  (eglot--maybe-activate-editing-mode)
  (goto-char (point-min))
  (search-forward (getenv "MARK"))
  (let* ((completion (eglot-completion-at-point))
         (start (nth 0 completion))
         (end (nth 1 completion))
         (table (nth 2 completion))
         (exit (plist-get (nthcdr 3 completion) :exit-function))
         (candidate (car (all-completions (buffer-substring-no-properties start end) table))))
    (unless candidate (error "no candidate was offered"))
    (delete-region start end)
    (insert candidate)
    (funcall exit candidate 'finished))
  (write-region nil nil (getenv "OUTPUT") nil 'silent)
  (eglot-shutdown (eglot-current-server)))
;;; eglot.el ends here
