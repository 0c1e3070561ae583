;;; codestral-edit.el --- Edits that a language server asks for  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0
;; Package: codestral

;;; Commentary:

;; `codestral-edit-apply' does all of a workspace edit, or nothing of it.

;;; Code:

(require 'seq)
(require 'subr-x)
(require 'url-parse)
(require 'url-util)
(require 'codestral-rpc)
(require 'codestral-document)

(defun codestral-edit-apply (edit)
  "Apply the workspace EDIT.  Return nil, or why nothing was changed."
  (let ((changes (append (codestral-rpc-get edit :documentChanges) nil)))
    (or (and (not (codestral-edit--confirmed-p edit)) "you declined")
        (and (null changes) "the edit has no documentChanges")
        (seq-some #'codestral-edit--problem changes)
        (progn
          (mapc #'codestral-edit--do changes)
          nil))))

(defun codestral-edit-uri-to-path (uri)
  "Return the path of the file that URI names, or nil if it names none."
  (when (string-prefix-p "file:" uri)
    (let ((path (decode-coding-string (url-unhex-string (url-filename (url-generic-parse-url uri))) 'utf-8)))
      (if (string-match-p "\\`/[A-Za-z]:" path) (substring path 1) path))))

(defun codestral-edit-path-to-uri (path)
  "Return the URI of the file PATH."
  (concat "file://" (if (string-prefix-p "/" path) "" "/")
          (url-hexify-string (encode-coding-string path 'utf-8) url-path-allowed-chars)))

(defun codestral-edit--confirmed-p (edit)
  "Ask the user about EDIT where that is its will."
  (let ((annotations (codestral-rpc-get edit :changeAnnotations)))
    (seq-every-p (lambda (annotation)
                   (or (not (consp annotation))
                       (not (eq (plist-get annotation :needsConfirmation) t))
                       (y-or-n-p (format "Codestral: %s? " (plist-get annotation :label)))))
                 annotations)))

(defun codestral-edit--problem (change)
  "Return why CHANGE cannot be made, or nil."
  (pcase (codestral-rpc-get change :kind)
    ('nil
     (let* ((uri (codestral-rpc-get change :textDocument :uri))
            (version (codestral-rpc-get change :textDocument :version))
            (buffer (codestral-edit--open-buffer uri)))
       (cond
        (buffer
         (with-current-buffer buffer
           (codestral-document-flush)
           (cond
            (buffer-read-only "the buffer is read-only")
            ((and version (/= version codestral-document-version)) "the text has changed since"))))
        (version "the document is not open")
        ((not (codestral-edit-uri-to-path uri)) "it is about no file"))))
    ("create"
     (let ((path (codestral-edit-uri-to-path (plist-get change :uri))))
       (cond
        ((not path) "it is about no file")
        ((file-exists-p path) "the file exists already"))))
    (kind (format "files cannot be changed by %s" kind))))

(defun codestral-edit--open-buffer (uri)
  "Return the buffer that is open in a server as URI, or nil."
  (seq-find (lambda (buffer)
              (and (buffer-local-value 'codestral-document-send buffer)
                   (equal (buffer-local-value 'codestral-document-uri buffer) uri)))
            (buffer-list)))

(defun codestral-edit--do (change)
  "Make CHANGE, of which is known that it can be made."
  (if (codestral-rpc-get change :kind)
      (let ((path (codestral-edit-uri-to-path (plist-get change :uri))))
        (make-directory (file-name-directory path) t)
        (write-region "" nil path nil 'silent))
    (let* ((uri (codestral-rpc-get change :textDocument :uri))
           (open (codestral-edit--open-buffer uri))
           (buffer (or open (find-file-noselect (codestral-edit-uri-to-path uri)))))
      (with-current-buffer buffer
        (codestral-edit--edit (append (plist-get change :edits) nil)))
      (unless open
        (display-buffer buffer)))))

(defun codestral-edit--edit (edits)
  "Make the text EDITS in the current buffer, as one step to undo."
  (save-restriction
    (widen)
    (let ((places (mapcar (lambda (edit)
                            (let ((range (plist-get edit :range)))
                              (list (codestral-document-point (plist-get range :start))
                                    (codestral-document-point (plist-get range :end))
                                    (plist-get edit :newText))))
                          edits)))
      (undo-boundary)
      (atomic-change-group
        (save-excursion
          ;; From the end, so that the places stay right; of two at one place the first one comes first.
          (pcase-dolist (`(,beg ,end ,text)
                         (sort (nreverse places) (lambda (one other) (> (car one) (car other)))))
            (goto-char beg)
            (delete-region beg end)
            (insert text))))
      (undo-boundary))))

(provide 'codestral-edit)
;;; codestral-edit.el ends here
