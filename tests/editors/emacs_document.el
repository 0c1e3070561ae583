;;; emacs_document.el --- Change a buffer at random and compare what a server would have  -*- lexical-binding: t -*-
;; What is sent for each change is applied to a copy of the text, as a server does it.
(require 'seq)
(require 'codestral-document)

(defvar copy "" "The text that the server has.")
(defvar whole 0 "How often the whole text was sent.")
(defvar parts 0 "How often a change was sent.")

(defun offset (position)
  "Return where POSITION is in the copy."
  (with-temp-buffer
    (insert copy)
    (goto-char (point-min))
    (forward-line (plist-get position :line))
    (+ (point) (plist-get position :character) -1)))

(defun receive (method params)
  "Take the notification METHOD with PARAMS, which have to be JSON."
  (json-serialize params)
  (pcase method
    ("textDocument/didOpen" (setq copy (plist-get (plist-get params :textDocument) :text)))
    ("textDocument/didChange"
     (seq-doseq (event (plist-get params :contentChanges))
       (let ((range (plist-get event :range)))
         (if (not range)
             (setq copy (plist-get event :text) whole (1+ whole))
           (setq parts (1+ parts)
                 copy (concat (substring copy 0 (offset (plist-get range :start)))
                              (plist-get event :text)
                              (substring copy (offset (plist-get range :end)))))))))))

(defun place ()
  "Return a random place in the accessible part of the buffer."
  (+ (point-min) (random (1+ (- (point-max) (point-min))))))

(defun change ()
  "Make a random change."
  (let ((beg (place)) (end (place)))
    (pcase (random 12)
      (0 (kill-region (min beg end) (min (max beg end) (+ (min beg end) 20))))
      (1 (goto-char beg) (insert "größe\n😀\n"))
      (2 (goto-char beg) (insert "\n"))
      (3 (upcase-region beg end))
      (4 (subst-char-in-region (min beg end) (max beg end) ?e ?x))
      (5 (goto-char beg) (ignore-errors (transpose-words 1)))
      (6 (goto-char beg) (ignore-errors (transpose-lines 1)))
      (7 (ignore-errors (undo-boundary) (undo)))
      (8 (goto-char (point-min)) (while (re-search-forward "ö" nil t) (replace-match "oe\n")))
      (9 (if (buffer-narrowed-p) (widen) (narrow-to-region (min beg end) (max beg end))))
      (10 (goto-char beg) (insert "\r" (string #x3fff80) "名"))
      (11 (sort-lines nil (point-min) (point-max))))))

(random "the same each time")
(with-current-buffer (get-buffer-create "text")
  (buffer-enable-undo)
  (insert "one\ntwo 名前\n\nthree e e e\n")
  (codestral-document-open #'receive "untitled:text" "plaintext")
  (dotimes (number 3000)
    (change)
    (when (> (buffer-size) 2000) (widen) (delete-region 500 (point-max)))
    (when (zerop (random 3))
      (codestral-document-flush)
      (unless (equal copy (codestral-document--whole-text))
        (error "Not the same after %d changes" (1+ number)))))
  (message "%d changes, %d times the whole text" parts whole))
;;; emacs_document.el ends here
