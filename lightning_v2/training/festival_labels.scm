;; Writes the full-context labels of a text, one file a sentence, without synthesising anything.
;; The script that is appended calls (label FILE TEXT PRONUNCIATIONS) once a sentence.

(voice_cmu_us_slt_arctic_hts)

(define pronunciations nil)
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
