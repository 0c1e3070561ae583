;;; emacs_init.el --- What the tests in a terminal need  -*- lexical-binding: t -*-
;; Environment: SERVER (a JSON array: the command).
(setq inhibit-startup-screen t
      make-backup-files nil
      create-lockfiles nil
      auto-save-default nil
      ring-bell-function #'ignore
      native-comp-async-report-warnings-errors nil)
(menu-bar-mode -1)
(electric-pair-mode 1)
(require 'codestral)
(setq codestral-command (append (json-parse-string (getenv "SERVER")) nil))
(global-codestral-mode)
(global-set-key (kbd "<f5>") #'codestral-complete)
(global-set-key (kbd "<f6>") #'codestral-actions)
(global-set-key (kbd "<f7>") (lambda ()
                           (interactive)
                           (message "process %s" (process-id (get-process "codestral")))))
(global-set-key (kbd "<f8>") #'kill-this-buffer)
(defun complete-country ()
  "Complete a word to those that begin with coun."
  (list (save-excursion (skip-chars-backward "a-z") (point)) (point) '("country" "county")))
(add-hook 'python-mode-hook (lambda () (add-hook 'completion-at-point-functions #'complete-country nil t)))
;;; emacs_init.el ends here
