"""How little precision can a text-to-speech model run on before anyone can hear it?"""
