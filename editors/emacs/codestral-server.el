;;; codestral-server.el --- The codestral-lsp processes, one for each project  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0
;; Package: codestral

;;; Commentary:

;; A server is started when the first buffer of its project asks for it, and ends a while after the last one
;; has gone.  It runs beside whatever Eglot or lsp-mode run for the same buffers.

;;; Code:

(require 'cl-lib)
(require 'project)
(require 'seq)
(require 'subr-x)
(require 'codestral-rpc)
(require 'codestral-document)
(require 'codestral-edit)

(defgroup codestral nil
  "Completions and code actions from codestral-lsp."
  :group 'convenience
  :prefix "codestral-")

(defcustom codestral-command '("codestral-lsp")
  "The command that starts the server, and its arguments."
  :type '(repeat string))

(defcustom codestral-settings nil
  "Settings for the server: a property list as `json-serialize' takes it.
For example (:completion (:max_lines 3)).  The names are those of the server's
documentation; for most people its own file is the better place.  Takes effect
with the next start of a server, see `codestral-restart'."
  :type '(plist :key-type symbol :value-type sexp))

(defcustom codestral-language-ids
  '((c++-mode . "cpp") (c++-ts-mode . "cpp") (csharp-mode . "csharp") (sh-mode . "shellscript")
    (bash-ts-mode . "shellscript") (js2-mode . "javascript") (js-jsx-mode . "javascriptreact")
    (rjsx-mode . "javascriptreact") (tsx-ts-mode . "typescriptreact") (cperl-mode . "perl")
    (tuareg-mode . "ocaml") (enh-ruby-mode . "ruby") (emacs-lisp-mode . "elisp")
    (lisp-interaction-mode . "elisp") (js-mode . "javascript") (js-ts-mode . "javascript")
    (makefile-gmake-mode . "makefile") (makefile-bsdmake-mode . "makefile") (mhtml-mode . "html")
    (nxml-mode . "xml") (text-mode . "plaintext") (fundamental-mode . "plaintext"))
  "The languages of major modes, as the server calls them.
Of other modes it is the name without \"-mode\" or \"-ts-mode\"."
  :type '(alist :key-type symbol :value-type string))

(defconst codestral-server--last-words 5
  "Seconds from the request to end until a server that does not is ended.")

(defconst codestral-server--patience 60
  "Seconds after which a server that serves no buffer ends.")

(defconst codestral-server--most-failures 3
  "So many times within a minute a server that fails is started again.")

(cl-defstruct (codestral-server (:constructor codestral-server--make) (:copier nil))
  "The server of the project at ROOT, a directory or nil.
If READY, `initialize' is over.  STATUS is what the server told last, BUFFERS are
those it serves, TOKENS belong to progress that is shown.  If STOPPING, it was
asked to end."
  root connection ready status buffers tokens stopping)

(defvar codestral-server-ready-functions nil
  "Called in each buffer that a server has been told of.")

(defvar codestral-server--all (make-hash-table :test #'equal)
  "The servers by root.")

(defvar codestral-server--failures (make-hash-table :test #'equal)
  "When servers have failed, by root: lists of seconds.")

(defvar codestral-server--told nil
  "The problems that the user was told of.")

(defvar-local codestral-server--current nil
  "The server that serves the buffer.")

(defun codestral-server-current ()
  "Return the server of the current buffer if it is alive, or nil."
  (and codestral-server--current
       (codestral-rpc-live-p (codestral-server-connection codestral-server--current))
       codestral-server--current))

(defun codestral-server-ready-current ()
  "Return the server that has the current buffer's text, or nil."
  (and codestral-document-send (codestral-server-current)))

(defun codestral-server-or-lose ()
  "Return the server that has the current buffer's text, started if need be.
Signal an error if there is none."
  (unless (bound-and-true-p codestral-mode)
    (user-error "Codestral: `codestral-mode' is off in this buffer"))
  (unless (codestral-server-current)
    (setq codestral-server--told nil)
    (remhash (codestral-server--root) codestral-server--failures)
    (codestral-server-attach))
  (let ((server (codestral-server-current))
        (deadline (+ (float-time) 10)))
    (while (and server (not codestral-document-send) (< (float-time) deadline)
                (codestral-rpc-live-p (codestral-server-connection server)))
      (accept-process-output (codestral-rpc-process (codestral-server-connection server)) 0.1))
    (or (codestral-server-ready-current)
        (user-error "Codestral: no server runs for this buffer"))))

(defun codestral-server-attach ()
  "Have the current buffer served.
Start a server if there is none for its project."
  (let* ((root (codestral-server--root))
         (server (or (gethash root codestral-server--all)
                     (codestral-server--start root))))
    (when server
      (setq codestral-server--current server)
      (cl-pushnew (current-buffer) (codestral-server-buffers server))
      (when (codestral-server-ready server)
        (codestral-server--open-buffer server)))))

(defun codestral-server-detach ()
  "Have the current buffer served no more."
  (codestral-document-close (not (codestral-server-current)))
  (when-let ((server codestral-server--current))
    (setq codestral-server--current nil)
    (setf (codestral-server-buffers server) (delq (current-buffer) (codestral-server-buffers server)))
    (unless (codestral-server-buffers server)
      (run-with-timer codestral-server--patience nil #'codestral-server--stop-if-idle server))))

(defun codestral-server-stop (server)
  "Ask SERVER to end, and end it if it does not soon."
  (let* ((connection (codestral-server-connection server))
         (process (codestral-rpc-process connection)))
    (run-with-timer codestral-server--last-words nil
                    (lambda () (when (process-live-p process) (delete-process process))))
    (setf (codestral-server-stopping server) t)
    (codestral-server--forget server)
    (codestral-rpc-request connection "shutdown" :null
                           (lambda (_) (codestral-rpc-notify connection "exit" :null))
                           #'ignore)))

(defun codestral-server-all ()
  "Return the servers."
  (hash-table-values codestral-server--all))

(defun codestral-server-forget-failures ()
  "Start servers that have failed too often when they are needed again."
  (setq codestral-server--told nil)
  (clrhash codestral-server--failures))

(defun codestral-server-execute (server command arguments on-result)
  "Have SERVER execute COMMAND with the list ARGUMENTS.
ON-RESULT is called with the result."
  (codestral-rpc-request (codestral-server-connection server) "workspace/executeCommand"
                         (list :command command :arguments (vconcat arguments))
                         on-result
                         (lambda (problem) (message "Codestral: %s" problem))))

(defun codestral-server--root ()
  "Return the root of the current buffer's project, or nil if it belongs to none."
  (when-let ((project (project-current nil)))
    (file-name-as-directory (file-truename (project-root project)))))

(defun codestral-server--language ()
  "Return the name that the server has for the current buffer's language."
  (or (alist-get major-mode codestral-language-ids)
      (replace-regexp-in-string "\\(-ts\\)?-mode\\'" "" (symbol-name major-mode))))

(defun codestral-server--uri ()
  "Return the URI of the current buffer."
  (if buffer-file-name
      (codestral-edit-path-to-uri (expand-file-name buffer-file-truename))
    (concat "untitled:" (url-hexify-string (buffer-name)))))

(defun codestral-server--start (root)
  "Start the server of the project at ROOT and return it.
Return nil if that cannot be done."
  (let ((program (car codestral-command)))
    (cond
     ((not (and (fboundp 'json-serialize) (json-available-p)))
      (codestral-server--tell-once "this Emacs was built without JSON"))
     ((not (executable-find program))
      (codestral-server--tell-once
       (format "%s is not found; install it or set `codestral-command', then M-x codestral-restart" program)))
     ((>= (length (codestral-server--recent-failures root)) codestral-server--most-failures)
      (codestral-server--tell-once
       "the server fails again and again; see M-x codestral-show-log, then M-x codestral-restart"))
     (t (codestral-server--launch root)))))

(defun codestral-server--tell-once (problem)
  "Tell the user of PROBLEM unless that was done.  Return nil."
  (unless (member problem codestral-server--told)
    (push problem codestral-server--told)
    (message "Codestral: %s" problem))
  nil)

(defun codestral-server--recent-failures (root)
  "Return when the server of ROOT has failed in the last minute."
  (seq-filter (lambda (time) (< (- (float-time) time) 60)) (gethash root codestral-server--failures)))

(defun codestral-server--launch (root)
  "Start the server of the project at ROOT and return it."
  (let ((server (codestral-server--make :root root)))
    (condition-case problem
        (setf (codestral-server-connection server)
              (codestral-rpc-start
               "codestral" codestral-command (or root temporary-file-directory)
               :on-request (lambda (method params reply)
                             (codestral-server--on-request server method params reply))
               :on-notification (lambda (method params)
                                  (codestral-server--on-notification server method params))
               :on-exit (lambda (event) (codestral-server--on-exit server event))))
      (file-error (setq server (codestral-server--tell-once (error-message-string problem)))))
    (when server
      (puthash root server codestral-server--all)
      (codestral-rpc-request (codestral-server-connection server) "initialize"
                             (codestral-server--initialize-params root)
                             (lambda (result) (codestral-server--initialized server result))
                             (lambda (problem) (message "Codestral: %s" problem))))
    server))

(defun codestral-server--initialize-params (root)
  "Return the parameters of `initialize' for the project at ROOT."
  (let ((uri (and root (codestral-edit-path-to-uri (directory-file-name root)))))
    (list
     :processId (emacs-pid)
     :clientInfo (list :name "Emacs (codestral.el)" :version emacs-version)
     :rootUri (or uri :null)
     :workspaceFolders (if root
                           (vector (list :uri uri :name (file-name-nondirectory (directory-file-name root))))
                         :null)
     :initializationOptions (list :codestral codestral-settings)
     :capabilities
     '(:general (:positionEncodings ["utf-32"])
       :textDocument (:inlineCompletion (:dynamicRegistration :false)
                      :synchronization (:didSave t)
                      :codeAction (:dataSupport t :isPreferredSupport t :codeActionLiteralSupport
                                   (:codeActionKind (:valueSet ["" "quickfix" "refactor" "source"]))))
       :workspace (:applyEdit t :workspaceFolders t
                   :workspaceEdit (:documentChanges t :resourceOperations ["create"]
                                   :failureHandling "abort"
                                   :changeAnnotationSupport (:groupsOnLabel :false)))
       :window (:workDoneProgress t :showDocument (:support t)
                :showMessage (:messageActionItem (:additionalPropertiesSupport :false)))
       :experimental (:codestral (:status t :replacesAfterCursor t :asksAgain t :instructions t))))))

(defun codestral-server--initialized (server result)
  "Begin the session with SERVER, which has answered `initialize' with RESULT."
  (let ((connection (codestral-server-connection server)))
    (if (not (equal (codestral-rpc-get result :capabilities :positionEncoding) "utf-32"))
        (message "Codestral: the server is too old, it does not count in characters")
      (codestral-rpc-notify connection "initialized" nil)
      (setf (codestral-server-ready server) t)
      (dolist (buffer (codestral-server-buffers server))
        (when (buffer-live-p buffer)
          (with-current-buffer buffer
            (codestral-server--open-buffer server)))))))

(defun codestral-server--open-buffer (server)
  "Tell SERVER of the current buffer."
  (let ((connection (codestral-server-connection server)))
    (codestral-document-open (lambda (method params) (codestral-rpc-notify connection method params))
                             (codestral-server--uri)
                             (codestral-server--language))
    (run-hooks 'codestral-server-ready-functions)))

(defun codestral-server--on-request (_server method params reply)
  "Answer the request METHOD with PARAMS by REPLY.
What asks or shows waits for Emacs to be at rest, which it is not while it reads
from a process."
  (pcase method
    ("workspace/applyEdit"
     (run-at-time 0 nil #'codestral-server--apply-edit params reply))
    ("window/showDocument"
     (run-at-time 0 nil #'codestral-server--show-document params reply))
    ("window/showMessageRequest"
     (run-at-time 0 nil #'codestral-server--ask params reply))
    ((or "window/workDoneProgress/create" "client/registerCapability" "client/unregisterCapability")
     (funcall reply :null))
    (_ (error "There is no method %s" method))))

(defun codestral-server--apply-edit (params reply)
  "Do the edit of PARAMS and REPLY."
  (let ((problem (condition-case problem
                     (codestral-edit-apply (plist-get params :edit))
                   (quit "you declined")
                   (error (error-message-string problem)))))
    (funcall reply (if problem
                       (list :applied :false :failureReason problem)
                     (list :applied t)))))

(defun codestral-server--show-document (params reply)
  "Show the document of PARAMS and REPLY."
  (let ((path (codestral-edit-uri-to-path (plist-get params :uri))))
    (if (not (and path (file-readable-p path)))
        (funcall reply (list :success :false))
      (let ((buffer (find-file-noselect path)))
        (with-current-buffer buffer
          (view-mode 1))
        (funcall (if (eq (plist-get params :takeFocus) t) #'pop-to-buffer #'display-buffer) buffer)
        (funcall reply (list :success t))))))

(defun codestral-server--ask (params reply)
  "Let the user choose among the actions of PARAMS and REPLY."
  (let* ((titles (mapcar (lambda (action) (plist-get action :title)) (codestral-rpc-get params :actions)))
         (choice (ignore-errors
                   (condition-case nil
                       (completing-read (concat (plist-get params :message) " ") titles nil t)
                     (quit nil)))))
    (funcall reply (if (member choice titles) (list :title choice) :null))))

(defun codestral-server--on-notification (server method params)
  "Take the notification METHOD with PARAMS from SERVER."
  (pcase method
    ("codestral/status"
     (setf (codestral-server-status server) params)
     (force-mode-line-update t))
    ("window/showMessage"
     (message "%s" (plist-get params :message)))
    ("$/progress"
     (codestral-server--progress server (plist-get params :token) (plist-get params :value)))))

(defun codestral-server--progress (server token value)
  "Show the progress VALUE of what TOKEN stands for in SERVER."
  (let ((title (or (alist-get token (codestral-server-tokens server) nil nil #'equal)
                   (codestral-rpc-get value :title)))
        (text (codestral-rpc-get value :message)))
    (setf (alist-get token (codestral-server-tokens server) nil t #'equal)
          (unless (equal (plist-get value :kind) "end") title))
    ;; What goes on in the background does not belong in the way of who types.
    (when (and (stringp token) (string-prefix-p "codestral-action" token))
      (let ((message-log-max nil))
        (message "%s" (string-join (delq nil (list title text)) ": "))))
    (force-mode-line-update t)))

(defun codestral-server-cancel-progress (server)
  "Give up what SERVER is seen to be doing; return how much that is."
  (pcase-dolist (`(,token . ,_) (codestral-server-tokens server))
    (codestral-rpc-notify (codestral-server-connection server) "window/workDoneProgress/cancel"
                          (list :token token)))
  (length (codestral-server-tokens server)))

(defun codestral-server--stop-if-idle (server)
  "End SERVER if it still serves no buffer."
  (unless (or (codestral-server-buffers server) (codestral-server-stopping server))
    (codestral-server-stop server)))

(defun codestral-server--forget (server)
  "Have SERVER serve no buffer."
  (let ((root (codestral-server-root server)))
    (when (eq (gethash root codestral-server--all) server)
      (remhash root codestral-server--all)))
  (dolist (buffer (codestral-server-buffers server))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (codestral-document-close t)
        (setq codestral-server--current nil))))
  (setf (codestral-server-buffers server) nil)
  (force-mode-line-update t))

(defun codestral-server--on-exit (server event)
  "Clean up behind SERVER, which has ended by EVENT.
Start it again if it was not meant to end."
  (let ((root (codestral-server-root server))
        (buffers (codestral-server-buffers server)))
    (codestral-server--forget server)
    (unless (codestral-server-stopping server)
      (puthash root (cons (float-time) (codestral-server--recent-failures root)) codestral-server--failures)
      (message "Codestral: the server has ended: %s" event)
      (run-with-timer 1 nil #'codestral-server--attach-all buffers))))

(defun codestral-server--attach-all (buffers)
  "Have those of BUFFERS served again that still want it."
  (dolist (buffer buffers)
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (when (and (bound-and-true-p codestral-mode) (not (codestral-server-current)))
          (codestral-server-attach))))))

(defun codestral-server--end-all ()
  "Ask the servers to end, since Emacs does."
  (dolist (server (codestral-server-all))
    (ignore-errors
      (codestral-rpc-notify (codestral-server-connection server) "exit" :null))))

(add-hook 'kill-emacs-hook #'codestral-server--end-all)

(provide 'codestral-server)
;;; codestral-server.el ends here
