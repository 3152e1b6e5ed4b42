"""What people act with, whichever page they stand on: the verbs with their words, forms made from schemas, values to look at.

verbs    retry, run now, cancel, force stop, resolve: when each is offered, what it will do, and the engine's verb behind it
permit   who asks, and what they may
asking   one execution per form, however often it is sent
triggering, pausing   the forms of those verbs, for every face
forms    params by their schema, reasons, answers
show     times and JSON as pages show them
"""
