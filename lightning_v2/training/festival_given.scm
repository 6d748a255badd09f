;; Lets the teacher voice speak the pronunciations and phrase breaks it is given, not its own.

(define (without entry entries)
  (if (equal? entry (car entries)) (cdr entries)
      (cons (car entries) (without entry (cdr entries)))))
(define (given_pronunciation word features)
  ;; a word that comes twice is listed twice: each look-up but the last uses its entry up
  (let ((entry (assoc_string (downcase word) pronunciations)))
    (if (assoc_string (downcase word) (cdr (member entry pronunciations)))
        (set! pronunciations (without entry pronunciations)))
    (list word nil (if entry (cadr entry) '(((pau) 0))))))
(lex.create "given")
(lex.set.phoneset "radio")
(lex.set.lts.method 'given_pronunciation)
(lex.select "given")
(set! postlex_rules_hooks nil)
(set! token_to_words (lambda (token name) (list name)))

;; phrases end at punctuation and nowhere else
(Parameter.set 'Phrase_Method 'cart_tree)
(set! phrase_cart_tree
  '((lisp_token_end_punc in ("." "?" "!"))
    ((BB))
    ((lisp_token_end_punc is ",")
     ((B))
     ((n.name is 0) ((BB)) ((NB))))))
