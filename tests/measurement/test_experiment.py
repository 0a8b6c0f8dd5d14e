from measurement.experiment import plan, plan_pair

SIDES = ("ec2", "serverless")


def test_each_pair_has_one_block_of_each_side() -> None:
    blocks = plan(SIDES, pairs=20, seed=1)

    pairs = [{block.side for block in blocks if block.pair == pair} for pair in range(1, 21)]
    assert pairs == [set(SIDES)] * 20


def test_blocks_are_numbered_in_their_order_from_one() -> None:
    blocks = plan(SIDES, pairs=3, seed=1)

    assert [block.index for block in blocks] == [1, 2, 3, 4, 5, 6]
    assert [block.pair for block in blocks] == [1, 1, 2, 2, 3, 3]


def test_the_order_within_pairs_is_random_but_the_same_for_the_same_seed() -> None:
    firsts = {tuple(block.side for block in plan(SIDES, 10, seed)) for seed in range(5)}

    assert len(firsts) == 5
    assert plan(SIDES, 10, seed=3) == plan(SIDES, 10, seed=3)


def test_neither_side_always_goes_first() -> None:
    firsts = [block.side for block in plan(SIDES, 50, seed=1) if block.index % 2 == 1]

    assert 10 < firsts.count("ec2") < 40


def test_a_pair_has_its_order_whatever_came_before_it() -> None:
    whole = plan(SIDES, 10, seed=7)

    assert whole[8:10] == plan_pair(SIDES, 5, seed=7)


def test_the_same_architecture_may_be_measured_twice() -> None:
    blocks = plan(("ec2", "ec2#2"), 3, seed=1)

    assert sorted(block.side for block in blocks) == ["ec2"] * 3 + ["ec2#2"] * 3


def test_a_round_of_more_sides_has_each_of_them_once_in_an_order_of_its_own() -> None:
    sides = ("three-tier", "cached", "scaled-out", "serverless")

    blocks = plan(sides, 30, seed=1)

    rounds = [tuple(block.side for block in blocks if block.pair == pair) for pair in range(1, 31)]
    assert {frozenset(one) for one in rounds} == {frozenset(sides)}
    assert len(set(rounds)) > 10
    assert [block.index for block in blocks] == list(range(1, 121))
