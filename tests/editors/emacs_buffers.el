;;; emacs_buffers.el --- Buffers that share, hide or move their text, and servers that hang  -*- lexical-binding: t -*-
;; Prints the names of the tests that have failed.
(require 'ert)
(require 'codestral)

(defvar got nil "The notifications that the server was sent: (METHOD . PARAMS), the last one first.")

(defun send (method params)
  "Keep the notification METHOD with PARAMS."
  (push (cons method params) got))

(defun changes ()
  "Return what the server is told of now: texts, and t for each that is a whole one."
  (setq got nil)
  (codestral-document-flush)
  (mapcan (lambda (told)
            (mapcar (lambda (event) (if (plist-get event :range) (plist-get event :text) t))
                    (plist-get (cdr told) :contentChanges)))
          got))

(defmacro with-document (text &rest body)
  "Run BODY in a buffer with TEXT that a server knows."
  (declare (indent 1))
  `(with-temp-buffer
     (setq got nil)
     (insert ,text)
     (codestral-document-open #'send "untitled:text" "plaintext")
     ,@body))

(ert-deftest a-change-is-told-as-it-is ()
  (with-document "one two"
    (goto-char 4)
    (insert "!")
    (should (equal (changes) '("!")))
    (should (equal (changes) nil))))

(ert-deftest a-change-behind-the-hooks-back-is-told ()
  (with-document "one two"
    (let ((inhibit-modification-hooks t))
      (subst-char-in-region 1 8 ?o ?x))
    (should (equal (changes) '(t)))
    (goto-char 1)
    (insert "!")
    (should (equal (changes) '("!")))))

(ert-deftest a-change-that-comes-between-is-told ()
  (with-document "one two"
    (insert "!")
    (let ((inhibit-modification-hooks t))
      (subst-char-in-region 1 8 ?o ?x))
    (insert "?")
    (should (equal (changes) '(t)))))

(ert-deftest a-change-in-an-indirect-buffer-is-told ()
  (with-document "one two"
    (let ((other (make-indirect-buffer (current-buffer) "other")))
      (with-current-buffer other
        (goto-char 1)
        (delete-char 1)
        (insert "O"))
      (kill-buffer other)
      (should (equal (changes) '(t))))))

(ert-deftest raw-bytes-are-sent-as-characters ()
  (with-document (concat "a" (string #x3fff80 #x3fffff) "\r\nb" (string #xd800))
    (let ((text (plist-get (plist-get (cdar got) :textDocument) :text)))
      (should (equal text "a\ufffd\ufffd \nb\ufffd"))
      (should (json-serialize (vector text))))))

(defmacro with-mode (&rest body)
  "Run BODY in a buffer with `codestral-mode', without a server."
  `(cl-letf (((symbol-function 'codestral-server--start) #'ignore)
             (buffer (generate-new-buffer "base")))
     (with-current-buffer buffer
       (insert "one two")
       (codestral-mode)
       (codestral-document-open #'send "file:///base" "plaintext")
       (setq got nil)
       ,@body)))

(ert-deftest a-clone-is-a-buffer-of-its-own ()
  (with-mode
   (setq codestral-ghost--overlay (make-overlay 1 1))
   (overlay-put codestral-ghost--overlay 'codestral t)
   (let ((clone (clone-indirect-buffer "clone" nil)))
     (with-current-buffer clone
       (should-not codestral-mode)
       (should-not (overlays-in (point-min) (point-max)))
       (should-not (memq 'codestral-ghost-after-command post-command-hook))
       (goto-char 1)
       (insert "clone's ")
       (should (equal (changes) nil)))
     (kill-buffer clone)
     (should-not (assoc "textDocument/didClose" got))
     (should codestral-mode)
     (should (overlays-in (point-min) (point-max)))
     (goto-char (point-max))
     (insert "!")
     (should (equal (changes) '(t))))))

(ert-deftest a-file-that-moves-to-another-machine-is-not-served ()
  (with-mode
   (setq buffer-file-name "/ssh:nowhere.invalid:/srv/x.py")
   (codestral--reopen)
   (should-not codestral-mode)
   (should-not codestral-document-send)
   (setq buffer-file-name nil)))

(ert-deftest nothing-is-asked-where-nothing-was-typed ()
  (with-mode
   (let ((asked 0))
     (cl-letf (((symbol-function 'codestral-ghost-schedule) (lambda () (cl-incf asked))))
       (codestral-ghost-after-command)
       (should (= asked 0))
       (insert "x")
       (codestral-ghost-after-command)
       (should (= asked 1))))))

(ert-deftest a-server-that-hangs-is-ended ()
  (let ((codestral-command '("sh" "-c" "exec sleep 1000"))
        (codestral-server--last-words 0.2))
    (with-temp-buffer
      (setq default-directory temporary-file-directory)
      (codestral-mode)
      (let* ((server (codestral-server-current))
             (process (codestral-rpc-process (codestral-server-connection server))))
        (should (process-live-p process))
        (codestral-server-stop server)
        (with-timeout (10 (error "It lives"))
          (while (process-live-p process)
            (accept-process-output nil 0.05)))))))

(let ((stats (ert-run-tests-batch)))
  (princ (format "%d of %d as expected" (ert-stats-completed-expected stats) (ert-stats-total stats))))
;;; emacs_buffers.el ends here
