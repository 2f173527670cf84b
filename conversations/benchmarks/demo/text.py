"""What demo conversations are about: the questions that people ask on each topic, and the sentences of answers."""

from typing import NamedTuple

QUESTIONS = 4  # of each topic in `_TOPICS`, before its sentences


class Topic(NamedTuple):
    """Something to talk about."""

    questions: tuple[str, ...]
    sentences: tuple[str, ...]


FOLLOW_UPS = (
    "Can you give an example?",
    "Why is that?",
    "Say it in one sentence, please.",
    "What would you do differently with half the time?",
    "And what are the risks?",
    "How would I explain this to a colleague who is new?",
    "Which of these matters most?",
    "Are you sure? I read the opposite yesterday.",
    "Write it as a list of steps.",
    "What does that cost, roughly?",
    "Please make it shorter and friendlier.",
    "Where could I read more about it?",
)

OPENINGS = (
    "Good question.",
    "In short:",
    "It depends, but here is how I would go about it.",
    "Let us take it step by step.",
    "There are two sides to this.",
    "Yes, with one reservation.",
)

_TOPICS = """
When does a composite index help a query, and when is it ignored?
Our nightly report locks the orders table. How do we get rid of that?
Explain keyset pagination to somebody who only knows OFFSET.
Should we partition a table of 40 million rows?
An index is worth what it saves at reading minus what it costs at writing.
The planner looks at statistics, so run ANALYZE after a bulk load before you judge a plan.
Put the columns compared for equality first and the column you sort by last.
A sequential scan over a small table is no defect; over a large one it is a bill.
Long transactions keep old row versions alive, and vacuum cannot clean up behind them.
Offset reads and throws away every row before the page, so page 500 costs 500 pages.
Measure with realistic data, because ten rows make every query look fast.
Two phases help: copy what you need into a snapshot, then compute at leisure.

What can I cook from chickpeas, spinach and a lemon in 30 minutes?
Why does my sourdough come out flat?
Plan a vegetarian dinner for six, one guest without gluten.
How do I keep risotto creamy without standing at the stove all the time?
Toast the spices in dry heat first; half a minute is enough.
Salt early and taste late.
A flat loaf is usually over-proofed: bake when a finger's dent springs back slowly.
Warm the stock, since cold liquid stops the starch from coming out.
The lemon goes in at the end, off the heat, or its fragrance is lost.
Cook the chickpeas a day ahead and keep their water for the sauce.
Polenta with roasted vegetables suits everybody at the table.
Rest it for five minutes under a cloth before you serve.

Three days in Lisbon with children: what should we not miss?
Is the night train from Vienna to Venice worth it?
Write a packing list for a week of hiking in the Dolomites in September.
How do I avoid jet lag on a flight from Berlin to Tokyo?
Start early, because by eleven the queues are longer than the sights.
A day ticket pays off from the third ride on.
Book the couchette in advance; the seats are cheap and no fun after midnight.
In September mornings in the mountains are near freezing and noons are mild: take layers.
Leave one afternoon without a plan, it will be the one you remember.
Set your watch to the destination when you board and eat by it.
The ferry costs little and shows the city from its best side.
Huts are often full at weekends, so reserve two weeks ahead.

Review this idea: a queue table instead of a message broker.
What is the difference between concurrency and parallelism?
How do I find a memory leak in a Python web service?
Turn this loop into something readable: for i in range(len(xs)): ys.append(f(xs[i]))
Begin with the simplest thing that can fail loudly.
A list comprehension says what you want: `ys = [f(x) for x in xs]`.
Take two snapshots with tracemalloc a thousand requests apart and compare them.
Concurrency is dealing with many things at once, parallelism is doing them at once.
A queue table with SKIP LOCKED carries a few hundred jobs a second without another server.
Name the function for its effect and the comment becomes unnecessary.
Caches that are never emptied are the most common leak of all.
Write the test first if you cannot say what done means.

Why is the sky blue and the sunset red?
What happens to time near a black hole, in plain words?
How much energy is in a litre of petrol compared with a kilogram of battery?
Can a helium balloon tell whether the car accelerates?
Short waves are scattered far more than long ones, with the fourth power of the frequency.
At sunset light crosses so much air that the blue is gone before it reaches you.
Seen from far away a clock near the horizon goes slower and slower; its owner notices nothing.
Petrol holds about nine kilowatt hours a litre, a good battery a quarter of one a kilogram.
The balloon leans forward, because the heavier air is pressed to the back.
An electric motor uses nine tenths of what it gets, an engine a third.
What is conserved tells you more than the forces do.
Try it with a glass of milk and a torch: from the side it is blue, from behind it is orange.

Write a friendly e-mail that declines an invitation to speak.
Make this sentence shorter: Due to the fact that it was raining we did not go out.
Give me five titles for an article about forgetting.
How do I begin a speech at my sister's wedding?
Because it rained we stayed in.
Thank them first, decline in the second sentence, and offer somebody else in the third.
Begin with a scene that only you could have seen.
Cut the first paragraph; what you mean usually starts in the second.
A concrete noun beats two adjectives.
Read it aloud, and change what makes you stumble.
End on an image rather than on a moral.
A title promises something; make sure that the text keeps it.

My tomatoes have brown spots at the bottom. What is it?
Which vegetables grow on a balcony that faces north?
When do I prune an old apple tree?
How can I get rid of slugs without poison?
It is blossom end rot: the plant got water too unevenly to take up calcium.
Lettuce, chard, mint and parsley are content with half shade.
Prune on a dry day in late winter, never more than a third of the crown.
Go out with a torch after rain; nothing works as well as collecting them.
Mulch keeps the soil moist and the weeds down.
Water in the morning, at the root, seldom and thoroughly.
An old tree answers a hard cut with a thicket of water shoots.
Copper tape around the pots helps as long as it is clean.

Draft an agenda for a one-hour retrospective with eight people.
How do we set a price for a product nobody else sells?
Summarize the pros and cons of a four-day week for a support team.
What should be in the first mail to a customer after an outage?
Say what happened, whom it concerned, what you did, and when they will hear from you again.
Ask ten customers what they do today and what that costs them; your price lies below it.
Ten minutes of facts, twenty of causes, twenty of measures, and ten to choose two of them.
Coverage is the hard part: two shifts that overlap at noon solve most of it.
A measure without a name and a date is a wish.
Raise the price until a fifth of the offers is turned down.
Apologize once, plainly, and do not explain it away.
Try it for a quarter and decide beforehand which figures would end it.

Why did the printing press spread so fast after 1450?
Who invented the compass, and how do we know?
Tell me about the year 1816, the one without a summer.
What did people in Rome eat on an ordinary day?
A volcano in Indonesia had thrown so much ash up that snow fell in June.
Paper was cheap by then, and the towns were full of people who could read.
Sources from China mention needles that point south in the eleventh century.
Bread, porridge, olives, cheese and thin wine, with meat on feast days.
Within fifty years there were presses in more than two hundred towns.
Harvests failed, bread cost twice as much, and many families emigrated.
That a text mentions a thing says it was known, not that it was new.
Prices in the edicts tell us more about daily life than the chronicles do.

What is the difference between 'since' and 'for'?
Translate into German: The early bird catches the worm.
How can I learn 20 words a day and still know them in a month?
Why does Finnish have so many cases?
Since names the beginning, for names the span.
Morgenstund hat Gold im Mund.
Repeat after a day, three days, a week and a month, and drop what you know by then.
What English says with prepositions, Finnish says with endings.
Learn words in sentences, since a word alone is hard to hold on to.
Twenty a day is a lot; ten that stay are better.
Speak from the first week on, badly and without fear.
Idioms are translated by what they mean, not by what they say.
"""

TOPICS = tuple(
    Topic(tuple(lines[:QUESTIONS]), tuple(lines[QUESTIONS:]))
    for lines in (topic.splitlines() for topic in _TOPICS.strip().split("\n\n"))
)
