"""What people act with, whichever page they stand on: the verbs with their words, forms made from schemas, values to look at.

verbs    retry, run now, cancel, force stop, resolve: when each is offered, what it will do, and the engine's verb behind it
asking   one execution per form, however often it is sent
forms    params by their schema, reasons, answers
show     times and JSON as pages show them
"""
