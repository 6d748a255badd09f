;; Lets the teacher voice speak the words, pronunciations and phrase breaks it is given,
;; and writes its full-context labels, one file a sentence, without synthesising anything.
;; The script that is appended calls (label FILE TEXT PRONUNCIATIONS) once a sentence.

(voice_cmu_us_slt_arctic_hts)

(define pronunciations nil)
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

(define label_file nil)
(defSynthType HTS
  (let ((lines (hts_dump_feats_string_list utt hts_feats_list))
        (file (fopen label_file "w")))
    (mapcar (lambda (line) (format file "%s" line)) lines)
    (fclose file)
    utt))
(define (label file text given)
  (set! label_file file)
  (set! pronunciations given)
  (utt.synth (eval (list 'Utterance 'Text text))))
