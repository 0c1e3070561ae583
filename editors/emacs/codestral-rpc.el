;;; codestral-rpc.el --- JSON-RPC with a language server  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0
;; Package: codestral

;;; Commentary:

;; The part of JSON-RPC that codestral.el needs, over the pipes of a process.  Unlike the library jsonrpc it
;; gives every request's number away, so that a request can be cancelled, and lets a request of the server be
;; answered later, so that the user can be asked first.  JSON objects are property lists, arrays are vectors,
;; null is `:null' and false is `:false', so that what was received can be sent back as it came.

;;; Code:

(require 'cl-lib)

(cl-defstruct (codestral-rpc (:constructor codestral-rpc--make) (:copier nil))
  "A connection.  HANDLERS is a property list of functions, see `codestral-rpc-start'."
  process handlers (received "") (next-id 0) (waiting (make-hash-table)))

(define-error 'codestral-rpc-error "Codestral")

(defconst codestral-rpc--header
  (rx "Content-Length:" (* " ") (group (+ digit)) "\r\n" (* (+ (not (any "\r\n"))) "\r\n") "\r\n")
  "What precedes each message.")

(defconst codestral-rpc--most-stderr 100000
  "So many characters are kept of what a server writes to standard error.")

(defun codestral-rpc-start (name command directory &rest handlers)
  "Start COMMAND in DIRECTORY and return the connection with it.
COMMAND is a list of strings, NAME the process' name.  HANDLERS is a property
list of functions:

:on-request       is called with a method, its parameters, and a function
                  to call with the result, once, now or later.
:on-notification  is called with a method and its parameters.
:on-exit          is called with one line that tells how the process ended.

Whatever they signal is shown, and the connection goes on."
  (let* ((default-directory directory)
         (connection (codestral-rpc--make :handlers handlers))
         (log (make-pipe-process :name (concat name " stderr") :noquery t :sentinel #'ignore
                                 :buffer (get-buffer-create (format " *%s stderr*" name))
                                 :filter #'codestral-rpc--keep-stderr))
         (process (make-process :name name :command command :connection-type 'pipe :noquery t
                                :coding 'binary :stderr log
                                :filter (lambda (_ text) (codestral-rpc--receive connection text))
                                :sentinel (lambda (process event)
                                            (codestral-rpc--ended connection process event log)))))
    (setf (codestral-rpc-process connection) process)
    connection))

(defun codestral-rpc-live-p (connection)
  "Return non-nil if the process behind CONNECTION is alive."
  (process-live-p (codestral-rpc-process connection)))

(defun codestral-rpc-get (object &rest keys)
  "Return what is at the path KEYS in OBJECT.
Return nil for null, false and what is not there."
  (dolist (key keys)
    (setq object (and (consp object) (plist-get object key))))
  (unless (memq object '(:null :false)) object))

(defun codestral-rpc-notify (connection method params)
  "Send the notification METHOD with PARAMS over CONNECTION."
  (codestral-rpc--send connection (list :method method :params params)))

(defun codestral-rpc-request (connection method params on-result &optional on-error)
  "Send the request METHOD with PARAMS over CONNECTION and return its number.
ON-RESULT is called with the result, or ON-ERROR with a message."
  (let ((id (cl-incf (codestral-rpc-next-id connection))))
    (puthash id (cons on-result (or on-error #'ignore)) (codestral-rpc-waiting connection))
    (codestral-rpc--send connection (list :id id :method method :params params))
    id))

(defun codestral-rpc-cancel (connection id)
  "Tell the server that nobody waits for request ID of CONNECTION any more."
  (when (gethash id (codestral-rpc-waiting connection))
    (remhash id (codestral-rpc-waiting connection))
    (codestral-rpc-notify connection "$/cancelRequest" (list :id id))))

(defun codestral-rpc-call (connection method params seconds)
  "Send the request METHOD with PARAMS over CONNECTION and return its result.
Signal `codestral-rpc-error' if there is an error, or nothing within SECONDS."
  (let* ((outcome nil)
         (deadline (+ (float-time) seconds))
         (id (codestral-rpc-request connection method params
                                    (lambda (result) (setq outcome (list result)))
                                    (lambda (problem) (setq outcome problem)))))
    (unwind-protect
        (while (and (not outcome) (< (float-time) deadline) (codestral-rpc-live-p connection))
          (accept-process-output (codestral-rpc-process connection) 0.1))
      (codestral-rpc-cancel connection id))
    (if (consp outcome)
        (car outcome)
      (signal 'codestral-rpc-error (list (or outcome "the server does not answer"))))))

(defun codestral-rpc--send (connection message)
  "Send MESSAGE over CONNECTION.  Nothing happens if the process has ended."
  (when (codestral-rpc-live-p connection)
    (let ((body (json-serialize (append '(:jsonrpc "2.0") message))))
      (when (multibyte-string-p body)
        (setq body (encode-coding-string body 'utf-8-unix t)))
      (process-send-string (codestral-rpc-process connection)
                           (format "Content-Length: %d\r\n\r\n%s" (length body) body)))))

(defun codestral-rpc--receive (connection text)
  "Take TEXT from the process of CONNECTION and handle complete messages.
Handling one can send, and sending can receive: so each is taken off before it
is handled."
  (setf (codestral-rpc-received connection) (concat (codestral-rpc-received connection) text))
  (let (message)
    (while (setq message (codestral-rpc--next connection))
      (condition-case problem
          (codestral-rpc--handle connection (json-parse-string (decode-coding-string message 'utf-8-unix)
                                                               :object-type 'plist))
        (error (message "Codestral: %s" (error-message-string problem)))))))

(defun codestral-rpc--next (connection)
  "Take the first message off what CONNECTION has received.
Return nil if it is not complete."
  (let ((received (codestral-rpc-received connection)))
    (save-match-data
      (when (string-match codestral-rpc--header received)
        (let* ((start (match-end 0))
               (end (+ start (string-to-number (match-string 1 received)))))
          (when (<= end (length received))
            (setf (codestral-rpc-received connection) (substring received end))
            (substring received start end)))))))

(defun codestral-rpc--handle (connection message)
  "Pass MESSAGE of CONNECTION to whom it is for."
  (let* ((id (plist-get message :id))
         (method (plist-get message :method))
         (params (plist-get message :params))
         (handlers (codestral-rpc-handlers connection))
         (waiting (codestral-rpc-waiting connection))
         (reply (lambda (result) (codestral-rpc--send connection (list :id id :result result)))))
    (cond
     ((and method id)
      (condition-case problem
          (funcall (plist-get handlers :on-request) method params reply)
        (error
         (codestral-rpc--send connection (list :id id :error (list :code -32603 :message
                                                                   (error-message-string problem)))))))
     (method (funcall (plist-get handlers :on-notification) method params))
     (t
      (let ((continuation (gethash id waiting)))
        (remhash id waiting)
        (cond
         ((not continuation))
         ((plist-member message :result) (funcall (car continuation) (plist-get message :result)))
         (t (funcall (cdr continuation) (or (codestral-rpc-get message :error :message) "failed")))))))))

(defun codestral-rpc--ended (connection process event log)
  "Tell everybody that PROCESS of CONNECTION has ended by EVENT, and end its LOG."
  (unless (process-live-p process)
    (let ((waiting (hash-table-values (codestral-rpc-waiting connection))))
      (clrhash (codestral-rpc-waiting connection))
      (delete-process log)
      (dolist (continuation waiting)
        (funcall (cdr continuation) "the server has ended"))
      (funcall (plist-get (codestral-rpc-handlers connection) :on-exit) (string-trim event)))))

(defun codestral-rpc--keep-stderr (process text)
  "Keep TEXT, which PROCESS has read from the server's standard error."
  (when (buffer-live-p (process-buffer process))
    (with-current-buffer (process-buffer process)
      (goto-char (point-max))
      (insert text)
      (when (> (buffer-size) codestral-rpc--most-stderr)
        (delete-region (point-min) (- (point-max) (/ codestral-rpc--most-stderr 2)))))))

(provide 'codestral-rpc)
;;; codestral-rpc.el ends here
