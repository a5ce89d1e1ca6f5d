"""The public functions with noise."""

from __future__ import annotations

from fastact.noise import input_means, input_noise, masks, output_noise
from fastact.noise.draws import normal, uniform
from fastact.noise.unit import Noisy

noisy_hard_tanh = Noisy(output_noise.noisy_hard_tanh, normal, output_noise.noisy_hard_tanh_expected)
noisy_hard_tanh_half = Noisy(output_noise.noisy_hard_tanh_half, normal, output_noise.noisy_hard_tanh_half_expected)
noisy_hard_sigmoid = Noisy(output_noise.noisy_hard_sigmoid, normal, output_noise.noisy_hard_sigmoid_expected)
noisy_hard_sigmoid_half = Noisy(output_noise.noisy_hard_sigmoid_half, normal, output_noise.noisy_hard_sigmoid_half_expected)
input_noise_hard_tanh = Noisy(input_noise.input_noise_hard_tanh, normal, input_means.input_noise_hard_tanh_expected)
input_noise_hard_sigmoid = Noisy(input_noise.input_noise_hard_sigmoid, normal, input_means.input_noise_hard_sigmoid_expected)
saturated_noise_hard_tanh = Noisy(input_noise.saturated_noise_hard_tanh, normal, input_means.saturated_noise_hard_tanh_expected)
saturated_noise_hard_sigmoid = Noisy(input_noise.saturated_noise_hard_sigmoid, normal, input_means.saturated_noise_hard_sigmoid_expected)
learned_noise_hard_tanh = Noisy(input_noise.learned_noise_hard_tanh, normal)
learned_noise_hard_sigmoid = Noisy(input_noise.learned_noise_hard_sigmoid, normal)
noisy_relu = Noisy(input_noise.noisy_relu, normal, input_means.noisy_relu_expected)
rrelu = Noisy(masks.rrelu, uniform, masks.rrelu_expected)
dropout = Noisy(masks.dropout, uniform, masks.dropout_expected)
alpha_dropout = Noisy(masks.alpha_dropout, uniform, masks.alpha_dropout_expected)

NOISY: tuple[Noisy, ...] = (
    noisy_hard_tanh,
    noisy_hard_tanh_half,
    noisy_hard_sigmoid,
    noisy_hard_sigmoid_half,
    input_noise_hard_tanh,
    input_noise_hard_sigmoid,
    saturated_noise_hard_tanh,
    saturated_noise_hard_sigmoid,
    learned_noise_hard_tanh,
    learned_noise_hard_sigmoid,
    noisy_relu,
    rrelu,
    dropout,
    alpha_dropout,
)
"""Every function with noise, in the order of the documentation."""
